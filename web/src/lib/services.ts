// The order in which services are looked at: those whose users are hurt first.

export interface Hurt {
  service: string;
  env: string;
  requests: number;
  errors: number;
  error_logs: number;
}

/** byHurt compares by failed requests, then error logs, then requests, most first. */
export function byHurt(a: Hurt, b: Hurt): number {
  return (
    b.errors - a.errors ||
    b.error_logs - a.error_logs ||
    b.requests - a.requests ||
    a.service.localeCompare(b.service) ||
    a.env.localeCompare(b.env)
  );
}

/** share of a whole; nothing of nothing is nothing. */
export function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
