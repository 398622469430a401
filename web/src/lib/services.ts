// Arithmetic of the services table.

/** share of a whole; nothing of nothing is nothing. */
export function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
