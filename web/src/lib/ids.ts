// Trace ids as people paste them: bare, in a traceparent header, with dashes (X-Ray,
// UUID), in upper case, or 16 digits long.

/** traceIdIn finds a trace id in a pasted text. */
export function traceIdIn(text: string): string | undefined {
  const s = text.trim().toLowerCase();
  const parent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(s);
  const xray = /^(?:root=)?1-([0-9a-f]{8})-([0-9a-f]{24})$/.exec(s);
  const bare = /^(?:trace[_-]?id[:=]\s*"?)?([0-9a-f-]{16,36})"?$/.exec(s);
  const id = parent?.[1] ?? (xray ? xray[1]! + xray[2]! : bare?.[1]?.replaceAll('-', ''));
  if (!id || !/^([0-9a-f]{16}|[0-9a-f]{32})$/.test(id) || /^0+$/.test(id)) return undefined;
  return id.padStart(32, '0');
}

/** short is enough of an id to tell it apart in a list. */
export function short(id: string): string {
  return id.slice(0, 8);
}
