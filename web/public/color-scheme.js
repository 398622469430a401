// Sets the colour scheme before the first paint. A file of its own because the
// Content-Security-Policy allows no inline script; theme.ts uses the same key.
(() => {
  let scheme = 'auto';
  try {
    scheme = localStorage.getItem('yagura.scheme') || 'auto';
  } catch {
    // Storage may be forbidden; the system's scheme will do.
  }
  if (scheme !== 'light' && scheme !== 'dark') {
    scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
})();
