/**
 * A ref of an image that stops loading when it leaves the page. Browsers load it to the end: where images leave faster
 * than their files come, the requests pile up, and keep what has left in memory.
 */
export function loadsWhileShown(image: HTMLImageElement): () => void {
  return () =>
    queueMicrotask(() => {
      if (!image.isConnected) image.removeAttribute("src");
    });
}
