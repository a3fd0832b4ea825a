import { OWN_PID, PROCESS_FUNCTIONS, USERS_FUNCTION } from './processes.js';

/**
 * Runs a program under a watcher. Arguments: `$1` what announces its end on both outputs, `$2` its run's id, `$3` where
 * it runs or nothing, `$4` whether a line of input comes for it, as `printf %b` reads it; then the program. The end of our own
 * input is the end of the program and of all that it has begun: the client left, its time is up, or the worker was
 * killed. What may not be signalled by this user is told by the watcher itself, before all that could lead to it has
 * ended. Nothing of this shell's must show in the program: its messages, its input, its variables.
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
  ever=
  __berth_end "$2" $$ && exit 0
  __berth_left=137,left
  # No more than a pipe takes in one piece.
  for p in $found; do [ \${#__berth_left} -gt 3900 ] || __berth_left=$__berth_left,$p; done
  printf '%s%s;' "$__berth_mark" "$__berth_left" >/proc/$$/fd/1
  printf '%s%s;' "$__berth_mark" "$__berth_left" >/proc/$$/fd/4
  exit 3
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
 * Ends a run from outside, its supervisor too. Arguments: `$1` its id, `$2` what is known of it, as `pid:start` with spaces
 * between. Prints whether it has `ended` or something is `left`, and what that is; then, where root asks, the other users that have
 * processes: root may here neither signal those nor read what marks them, so each of them has to find and end its own.
 */
export const END_RUN = `${PROCESS_FUNCTIONS}${USERS_FUNCTION}me=$$ ever=\${2:+ }$2
if __berth_end "$1" none; then echo ended; else echo left; fi
printf '%s\\n' $ever
__berth_users
echo told`;

/** Tells a run, from outside, that its terminal is gone. Argument: `$1` its id. Prints whether there is anything of it. */
export const HANG_UP = `${PROCESS_FUNCTIONS}me=$$ ever=
__berth_find "$1" none
[ -n "$found" ] || { echo ended; exit; }
for p in $found; do
  kill -HUP "\${p%:*}"
  kill -CONT "\${p%:*}"
done 2>/dev/null
echo told`;
