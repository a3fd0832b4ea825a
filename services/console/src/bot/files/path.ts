/** A path as it is without what means nothing: `/a//b/./c/` is `/a/b/c`. Relative ones begin at the root. */
export function plainPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

export function joined(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Each directory on the way to a path, the root first, the path itself last. */
export function wayTo(path: string): { name: string; path: string }[] {
  const names = path.split('/').filter((name) => name !== '');
  return [
    { name: '/', path: '/' },
    ...names.map((name, index) => ({ name, path: `/${names.slice(0, index + 1).join('/')}` })),
  ];
}

/** A name on one line: what would break it, or not be seen, as its sign. */
export function shownName(name: string): string {
  return Array.from(name, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return isDirectionMark(code) ? '\ufffd' : char;
  }).join('');
}

/** Marks that turn the direction of text could make one name look like another. */
function isDirectionMark(code: number): boolean {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/** Why a name cannot be one; null where it can. */
export function nameProblem(name: string): string | null {
  if (name === '') return null;
  if (name === '.' || name === '..') return 'This name stands for a directory already.';
  if (name.includes('/')) return 'A name has no slash in it.';
  if (name.includes('\0')) return 'A name has no NUL in it.';
  return new TextEncoder().encode(name).length > 255 ? 'A name has at most 255 bytes.' : null;
}

/** Whether the API can be told the name: bytes that are no UTF-8 arrive as U+FFFD, and lead nowhere. */
export function isReachable(name: string): boolean {
  return !name.includes('\ufffd');
}
