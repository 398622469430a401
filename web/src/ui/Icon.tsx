// Our few icons: 16 by 16, drawn with the colour of the text beside them. They always
// stand next to a name or have one for screen readers, so they are hidden from those.
const paths = {
  services: 'M2.5 3.5h11v3.5h-11zM2.5 9h11v3.5h-11zM5 5.2h.01M5 10.7h.01',
  logs: 'M3 3.5h10M3 6.5h7M3 9.5h10M3 12.5h5',
  traces: 'M2.5 3.5h7M5 6.5h6M8 9.5h5.5M6.5 12.5h4',
  metrics: 'M2.5 12.5h11M3 10l3-3.5 2.5 2L13 3.5',
  status: 'M2 8.5h3l1.7-5 2.8 9 1.6-4h2.9',
  settings: 'M3 4.5h6M12 4.5h1M3 8h1M7 8h6M3 11.5h5M11 11.5h2M10.5 3v3M5.5 6.5v3M9.5 10v3',
  person: 'M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 13.5c.5-2.7 2.5-4 5-4s4.5 1.3 5 4',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.5V8l2.5 1.5',
  play: 'M5 3.5v9l7-4.5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  refresh: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.5h-2.5',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  check: 'M3 8.5l3.5 3.5L13 4.5',
  close: 'M4 4l8 8M12 4l-8 8',
  right: 'M6 3.5L10.5 8 6 12.5',
  left: 'M10 3.5L5.5 8l4.5 4.5',
  down: 'M3.5 6L8 10.5 12.5 6',
  up: 'M3.5 10L8 5.5l4.5 4.5',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  link: 'M6.5 9.5l3-3M7 4.5l1.5-1.5a2.8 2.8 0 0 1 4 4L11 8.5M5 7.5L3.5 9a2.8 2.8 0 0 0 4 4L9 11.5',
  warning: 'M8 2.5L14 13.5H2zM8 6.5v3M8 11.5h.01',
  error: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6 6l4 4M10 6l-4 4',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.5v3.5M8 5h.01',
  ok: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.5 8.2L7.3 10l3.2-3.8',
  sun: 'M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  moon: 'M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7z',
  auto: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12M8 5l4.5-.5M8 8h6M8 11l4.5.5',
  language:
    'M2.5 4h7M6 2.5V4M8.5 4c-.5 3-3 5.5-6 6.5M4 6.5c1 2 2.5 3.3 4.5 4M8.5 13.5L11 7l2.5 6.5M9.3 11.5h3.4',
  help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.3a1.8 1.8 0 1 1 2.5 1.9c-.6.3-.8.6-.8 1.3M8 11.5h.01',
  zoomOut: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2M5 7h4',
  expand: 'M4 6l4 4 4-4',
  out: 'M9.5 3.5H13V7M13 3.5L7.5 9M11 9.5v3.5H3V5h3.5',
  signOut: 'M6.5 3H3v10h3.5M6 8h7.5M10.5 5l3 3-3 3',
  key: 'M5.5 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8 8h5.5v2M11.5 8v1.5',
  trash: 'M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.5 8.5h6l.5-8.5',
  columns: 'M2.5 3h11v10h-11zM6.5 3v10M10 3v10',
  facets: 'M2.5 4h11M4.5 8h7M6.5 12h3',
  map: 'M2.5 2.5h4v4h-4zM9.5 9.5h4v4h-4zM9.5 2.5h4v4h-4zM6.5 4.5h3M11.5 6.5v3',
  release: 'M8 2.5v8M4.5 6L8 2.5 11.5 6M3 13.5h10',
  code: 'M5 4.5L1.8 8 5 11.5M11 4.5L14.2 8 11 11.5M9.3 3l-2.6 10',
  database: 'M3 4c0-2 10-2 10 0v8c0 2-10 2-10 0zM3 4c0 2 10 2 10 0M3 8c0 2 10 2 10 0',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flexShrink: 0, display: 'block' }}
    >
      <path d={paths[name]} />
    </svg>
  );
}
