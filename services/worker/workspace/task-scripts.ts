import { PROCESS_FUNCTIONS, RUN_VARIABLE, USERS_FUNCTION } from './processes.js';

/** Where a task's output and exit code are kept in its container: the first that its user may write to. */
const HOMES = '/var/lib/berth/tasks /tmp/.berth/tasks';
/** One file of a log takes so many writes, each of 1 KiB at most. Two are kept. */
const WRITES = 8192;
/** An image's own places of programs, whatever PATH the caller gives to the task. */
const PLACES = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Sets `__berth_home` to a task's directory, or to nothing. */
const FIND_HOME = `__berth_home=
for __berth_place in ${HOMES}; do
  [ -d "$__berth_place/$1" ] && __berth_home=$__berth_place/$1 && break
done`;

/**
 * Begins a task. Arguments: `$1` its id, `$2` where it runs or nothing; then the program. Answers `ready`, or `lacks` with a
 * program that is missing, `cwd` or `home`. Then it needs nobody: one shell waits for the program and writes its code,
 * another writes what comes, as long as anything begun in it may write. Signals are for the program alone, so that its
 * end is always written.
 */
export const BEGIN_TASK = `exec 3>&1 </dev/null 2>/dev/null
__berth_path=$PATH
PATH=${PLACES}:$PATH
__berth_answer() { printf '%s' "$1" >&3; exit 0; }
for __berth_program in mkdir dd; do
  command -v $__berth_program >/dev/null || __berth_answer "lacks $__berth_program"
done
for __berth_place in ${HOMES}; do
  __berth_home=$__berth_place/$1
  mkdir -p "$__berth_home" && : > "$__berth_home/log.1" && break
  __berth_home=
done
[ -n "$__berth_home" ] || __berth_answer home
[ -z "$2" ] || CDPATH= cd -- "$2" || __berth_answer cwd
__berth_id=$1
shift 2
printf ready >&3
exec >/dev/null 3>&-
trap : HUP INT QUIT TERM USR1 USR2
(
  trap : HUP INT QUIT TERM USR1 USR2
  ( PATH=$__berth_path; export ${RUN_VARIABLE}="$__berth_id"; exec "$@" ) 2>&1
  __berth_code=$?
  printf '%s;' $__berth_code > "$__berth_home/exit"
  kill -KILL $$
) | (
  trap : HUP INT QUIT TERM USR1 USR2
  __berth_file=1
  while dd bs=1024 count=${WRITES} >> "$__berth_home/log.$__berth_file"; [ -s "$__berth_home/log.$__berth_file" ]; do
    __berth_file=$((__berth_file + 1))
    : > "$__berth_home/log.$__berth_file"
    [ $__berth_file -lt 3 ] || : > "$__berth_home/log.$((__berth_file - 2))"
  done
  : > "$__berth_home/done"
)`;

/** Writes a task's output. Arguments: `$1` its id, `$2` how many lines of what there is, `$3` whether what follows too. */
export const READ_TASK = `PATH=${PLACES}:$PATH
for __berth_program in cat tail sleep; do
  command -v $__berth_program >/dev/null || { printf '%s' "lacks $__berth_program" >&2; exit 9; }
done
${FIND_HOME}
[ -n "$__berth_home" ] || exit 0
cd "$__berth_home" || exit 0
file=1
while [ -e log.$((file + 1)) ]; do file=$((file + 1)); done
exec 5< log.$file
{ [ $file -eq 1 ] || cat log.$((file - 1)); cat <&5; } | tail -n "$2"
[ -n "$3" ] || exit 0
late=0
while :; do
  next= over=
  [ -e log.$((file + 1)) ] && next=1
  if [ -e exit ]; then
    [ -e done ] || [ $late -ge 10 ] && over=1
    late=$((late + 1))
  fi
  cat <&5
  if [ -n "$next" ]; then
    file=$((file + 1))
    exec 5< log.$file
  elif [ -n "$over" ]; then
    exit 0
  else
    sleep 0.2 2>/dev/null || sleep 1
  fi
done`;

/**
 * Tells of tasks what is known of their end. Arguments: their ids. Prints a line each: the id with the exit code, then
 * `killed` where somebody asked for the end; or with `gone` where nothing waits for the program any more.
 */
export const LOOK_AT_TASKS = `alive=
for p in /proc/[0-9]*; do
  l=
  while IFS= read -r x || [ -n "$x" ]; do l="$l$x"; done < "$p/cmdline"
  case $l in *"__berth_""answer"*) alive="$alive $l";; esac
done 2>/dev/null
for id in "$@"; do
  set -- "$id"
  ${FIND_HOME}
  code=
  [ -n "$__berth_home" ] && IFS= read -r code < "$__berth_home/exit"
  case $code in
    *\\;) asked=
      [ -e "$__berth_home/killed" ] && asked=killed
      printf '%s %s %s\\n' "$id" "\${code%;}" "$asked";;
    *) case $alive in *"$id"*) ;; *) printf '%s gone\\n' "$id";; esac;;
  esac
done 2>/dev/null`;

/**
 * Signals a task, from outside: all of it that this user may signal. Arguments: `$1` its id, `$2` what is known of it, as
 * `pid:start` with spaces between, `$3` the signal, `$4` whether its end is asked for by it, which is noted where it has
 * not ended by itself. Prints what it has found, then users as END_RUN does.
 */
export const SIGNAL_TASK = `${PROCESS_FUNCTIONS}${USERS_FUNCTION}${FIND_HOME}
me=$$ ever=\${2:+ }$2
__berth_find "$1" none
printf '%s\\n' $found
if [ -n "$4" ] && [ -n "$__berth_home" ] && [ ! -e "$__berth_home/exit" ]; then
  # Not by ":", which ends a shell that may not write there: another user's.
  true > "$__berth_home/killed"
fi 2>/dev/null
for p in $found; do kill -"$3" "\${p%:*}"; done 2>/dev/null
__berth_users
echo told`;

/** Removes what forgotten tasks have left. Arguments: their ids. */
export const FORGET_TASKS = `PATH=${PLACES}:$PATH
for id in "$@"; do for place in ${HOMES}; do rm -rf "$place/$id"; done; done 2>/dev/null`;
