// What a group of errors is known by: the type of its exception. A log without one has only
// its level for a type, which says nothing: its pattern stands in.

interface Group {
  type: string;
  message: string;
  id?: string;
}

const bare = new Set(['ERROR', 'FATAL', 'error']);

/** The title, and what is left to be said of the group below it. */
export function errorTitle(g: Group): { title: string; rest: string } {
  if (g.message && (g.type === '' || bare.has(g.type))) return { title: g.message, rest: g.type };
  return { title: g.type || g.message || (g.id ?? ''), rest: g.type ? g.message : '' };
}
