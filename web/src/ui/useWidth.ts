import { useCallback, useRef, useState } from 'react';

/** The width of an element in pixels, for charts that draw to the pixel. 0 until known. */
export function useWidth<E extends HTMLElement>(): [(el: E | null) => void, number] {
  const [width, setWidth] = useState(0);
  const observer = useRef<ResizeObserver | null>(null);
  const ref = useCallback((el: E | null) => {
    observer.current?.disconnect();
    if (!el) return;
    setWidth(Math.floor(el.clientWidth));
    observer.current = new ResizeObserver(() => setWidth(Math.floor(el.clientWidth)));
    observer.current.observe(el);
  }, []);
  return [ref, width];
}
