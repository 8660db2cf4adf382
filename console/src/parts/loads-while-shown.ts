const taken = new WeakMap<HTMLImageElement, string>();

/**
 * A ref of an image that stops loading when it leaves the page. Browsers load it to the end: where images leave faster
 * than their files come, the requests pile up, and keep what has left in memory.
 */
export function loadsWhileShown(image: HTMLImageElement): () => void {
  const source = taken.get(image);
  if (source !== undefined) image.src = source; // React's strict mode takes a ref away, and gives it again
  return () => {
    taken.set(image, image.src);
    // While it is still in the page: a change of an image outside of it would keep that in memory, in Chromium.
    image.removeAttribute("src");
  };
}
