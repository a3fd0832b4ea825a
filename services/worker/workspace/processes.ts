/**
 * Shell functions that find and end processes. With builtins of any POSIX shell alone: they work in an image that has
 * nothing but `sh`, and where the limit of processes is used up.
 */

/** In the environment of every process that was begun here, and of what it begins. */
export const RUN_VARIABLE = '__BERTH_RUN';

/**
 * `__berth_find ID SESSION` sets `found` to the processes of a run: those of its session, those whose environment names
 * it, those in `ever`, and all that descend from them. The environment of another user's process cannot be read; its place tells. Leaves
 * out the shell itself (`$$`), its watcher (`$me`) and zombies.
 */
const FIND = `__berth_find() {
  all= found=
  for p in /proc/[0-9]*; do
    l=
    while IFS= read -r x || [ -n "$x" ]; do l="$l $x"; done < "$p/stat"
    [ -n "$l" ] || continue
    id=$1 session=$2
    set -- \${l##*) }
    pid=\${p#/proc/} state=$1 parent=$2 sid=$4
    set -- "$id" "$session"
    case $state in Z|X) continue;; esac
    case $pid in 1|$$|$me) continue;; esac
    if [ "$sid" = "$session" ]; then found="$found $pid"; continue; fi
    case "$ever " in *" $pid "*) found="$found $pid"; continue;; esac
    e=
    while IFS= read -r x || [ -n "$x" ]; do e="$e$x"; done < "$p/environ"
    case $e in
      *${RUN_VARIABLE}="$id"*) found="$found $pid";;
      *) all="$all $pid:$parent";;
    esac
  done
  more=1
  while [ -n "$more" ]; do
    more= rest=
    for p in $all; do
      case " $found " in
        *" \${p#*:} "*) found="$found \${p%:*}" more=1;;
        *) rest="$rest $p";;
      esac
    done
    all=$rest
  done
} 2>/dev/null`;

/**
 * `__berth_end ID SESSION` ends a run for good: everything is stopped first, so that nothing can be begun meanwhile, then
 * killed. Returns 3 where something is left, which then belongs to another user. `me` must be set.
 */
const END = `__berth_end() {
  before= ever= tries=0
  while [ $tries -lt 60 ]; do
    __berth_find "$1" "$2"
    [ -n "$found" ] || return 0
    ever="$ever$found"
    for p in $found; do kill -STOP "$p"; done
    if [ "$found" = "$before" ]; then
      for p in $found; do kill -KILL "$p"; done
      tries=$((tries + 5))
    fi
    before=$found tries=$((tries + 1))
  done
  return 3
} 2>/dev/null`;

export const PROCESS_FUNCTIONS = `${FIND}\n${END}\n`;

/** The pid of the shell that runs this line, also where that is a subshell. */
export const OWN_PID = 'read -r me x < /proc/self/stat';
