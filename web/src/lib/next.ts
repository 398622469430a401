/** safeNext is where to go after signing in: a path of this site, nothing else. */
export function safeNext(next: string | undefined): string {
  // A backslash counts as a slash in addresses, so //host and /\host lead elsewhere.
  if (!next || !/^\/(?![/\\])/.test(next) || next.startsWith('/signin')) return '/';
  return next;
}
