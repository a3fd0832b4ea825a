import { OWN_PID, PROCESS_FUNCTIONS } from './processes.js';

/**
 * Runs a program under a watcher. Arguments: `$1` what announces its end on both outputs, `$2` its run's id, `$3` where
 * it runs or nothing, `$4` whether a line of input comes for it, as `printf %b` reads it; then the program. The end of our own
 * input is the end of the program and of all that it has begun: the client left, its time is up, or the worker was
 * killed. Nothing of this shell's must show in the program: its messages, its input, its variables.
 */
export const SUPERVISE = `exec 3<&0 4>&2 </dev/null 2>/dev/null
__berth_in=
[ -z "$4" ] || IFS= read -r __berth_in <&3
__berth_mark=$1
__berth_told() { printf '%s%s;' "$__berth_mark" "$1"; printf '%s%s;' "$__berth_mark" "$1" >&4; exit 0; }
[ -z "$3" ] || CDPATH= cd -- "$3" || __berth_told cwd
${PROCESS_FUNCTIONS}(
  exec >/dev/null 4>&-
  read -r x <&3
  trap '' TERM
  ${OWN_PID}
  __berth_end "$2" $$
) &
__berth_watcher=$!
__berth_piped=$4
shift 4
if [ -n "$__berth_piped" ]; then
  printf %b "$__berth_in" | ( exec "$@" ) 3<&- 2>&4 4>&-
else
  ( exec "$@" ) 3<&- 2>&4 4>&-
fi
__berth_code=$?
kill $__berth_watcher
wait $__berth_watcher
[ $? -eq 3 ] && __berth_code=$__berth_code,left
__berth_told "$__berth_code"`;

/**
 * Ends a run from outside, its supervisor too. Argument: `$1` its id. Root may here neither signal the processes of
 * others nor read what marks them, so it prints the users that have any: each of them can find and end its own.
 */
export const END_RUN = `${PROCESS_FUNCTIONS}me=$$
if __berth_end "$1" none; then echo ended; else echo left; fi
users=' '
for p in /proc/[0-9]*; do
  while read -r key user rest; do
    [ "$key" = Uid: ] || continue
    case "$users" in *" $user "*) continue;; esac
    users="$users$user "
    [ "$user" = 0 ] || printf '%s\\n' "$user"
  done < "$p/status"
done 2>/dev/null`;

/** Tells a run, from outside, that its terminal is gone. Argument: `$1` its id. Prints whether there is anything of it. */
export const HANG_UP = `${PROCESS_FUNCTIONS}me=$$
__berth_find "$1" none
[ -n "$found" ] || { echo ended; exit; }
for p in $found; do
  kill -HUP "$p"
  kill -CONT "$p"
done 2>/dev/null
echo told`;
