/**
 * Shell functions that find and end processes. With builtins of any POSIX shell alone: they work in an image that has
 * nothing but `sh`, and where the limit of processes is used up.
 */

/** In the environment of every process that was begun here, and of what it begins. */
export const RUN_VARIABLE = '__BERTH_RUN';

/**
 * `__berth_find ID SESSION` sets `found` to the processes of a run, each as `pid:start`: those of its session, those whose
 * environment names it, those in `ever`, and all that descend from them. The environment of another user's process cannot
 * be read; its place tells, for as long as its parents live. Leaves out the shell itself (`$$`), its watcher (`$me`) and
 * zombies, which `dead` is set to, with those that ended as they were looked at. A process is known again by the time at which it began: its number may be another's by then.
 */
const FIND = `__berth_find() {
  all= found= dead=
  for p in /proc/[0-9]*; do
    l=
    while IFS= read -r x || [ -n "$x" ]; do l="$l $x"; done < "$p/stat"
    if [ -z "$l" ]; then dead="$dead $p:gone"; continue; fi
    id=$1 session=$2
    set -- \${l##*) }
    pid=\${p#/proc/} state=$1 parent=$2 sid=$4
    one=$pid:\${20}
    set -- "$id" "$session"
    case $state in Z|X) dead="$dead $one"; continue;; esac
    case $pid in 1|$$|$me) continue;; esac
    if [ "$sid" = "$session" ]; then found="$found $one"; continue; fi
    case "$ever " in *" $one "*) found="$found $one"; continue;; esac
    e=
    while IFS= read -r x || [ -n "$x" ]; do e="$e$x"; done < "$p/environ"
    case $e in
      *${RUN_VARIABLE}="$id"*) found="$found $one";;
      *) all="$all $one:$parent";;
    esac
  done
  more=1
  while [ -n "$more" ]; do
    more= rest=
    for p in $all; do
      case " $found " in
        *" \${p##*:}:"*) found="$found \${p%:*}" more=1;;
        *) rest="$rest $p";;
      esac
    done
    all=$rest
  done
} 2>/dev/null`;

/**
 * `__berth_end ID SESSION` ends a run for good: all of it that may be signalled is stopped first, so that it begins nothing
 * meanwhile, then killed. Returns 3 where something is left: it belongs to another user, or is begun faster than it is
 * found. `me` must be set, and `ever` to what is known of it. What is found is added to that before anything is killed:
 * who has lost its parents and cleared its environment cannot be found any more.
 */
const END = `__berth_end() {
  before= tries=0 idle=0 calm=0 buried=none
  while [ $tries -lt 60 ]; do
    __berth_find "$1" "$2"
    # Who forks and ends as it is looked at leaves nothing to be found: nothing is, once nobody has ended meanwhile.
    if [ -z "$found" ]; then
      case "$dead" in *:gone*) ;; "$buried") return 0;; esac
      calm=$((calm + 1)) buried=$dead
      [ $calm -lt 10 ] || return 0
      continue
    fi
    ours= calm=0 buried=$dead
    for p in $found; do
      case "$ever " in *" $p "*) ;; *) ever="$ever $p";; esac
      kill -STOP "\${p%:*}" && ours="$ours $p"
    done
    if [ -z "$ours" ]; then
      idle=$((idle + 1))
      [ $idle -lt 2 ] || return 3
    elif [ "$ours" = "$before" ]; then
      for p in $ours; do kill -KILL "\${p%:*}"; done
      tries=$((tries + 5))
    fi
    before=$ours tries=$((tries + 1))
  done
  return 3
} 2>/dev/null`;

/** `__berth_users` prints whose processes there are, but for root's, a line each. */
const USERS = `__berth_users() {
  users=' '
  for p in /proc/[0-9]*; do
    while read -r key user rest; do
      [ "$key" = Uid: ] || continue
      case "$users" in *" $user "*) continue;; esac
      users="$users$user "
      [ "$user" = 0 ] || printf '%s\\n' "$user"
    done < "$p/status"
  done
} 2>/dev/null`;

export const PROCESS_FUNCTIONS = `${FIND}\n${END}\n`;

export const USERS_FUNCTION = `${USERS}\n`;

/** The pid of the shell that runs this line, also where that is a subshell. */
export const OWN_PID = 'read -r me x < /proc/self/stat';
