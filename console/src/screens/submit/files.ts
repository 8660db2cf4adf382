/** Files of a drop, a folder or the clipboard. */

const IMAGE_NAME = /\.(jpe?g|png|webp|bmp|tiff?|gif|avif|hei[cf]|jp2|j2k|p[nbgp]m)$/i;

/** A file of a folder that may be an image: not hidden, and named like one. */
export function isImageFile({ name, type }: Pick<File, "name" | "type">): boolean {
  return !name.startsWith(".") && (type.startsWith("image/") || IMAGE_NAME.test(name));
}

/** Files to send, and how many others there are. */
export interface Found {
  images: readonly File[];
  leftOut: number;
}

/** The images in a folder that was chosen. */
export function imagesOf(files: readonly File[]): Found {
  const images = files
    .filter(isImageFile)
    .sort((a, b) => a.webkitRelativePath.localeCompare(b.webkitRelativePath));
  const visible = files.filter(({ name }) => !name.startsWith("."));
  return { images, leftOut: visible.length - images.length };
}

/** Files that were dropped, and the images in folders that were dropped.
 *
 * Call it in the event's handler: the browser empties `transfer` afterwards.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<Found> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return { images: files, leftOut: 0 };
  const found = await Promise.all(entries.filter((entry) => entry !== null).map(filesOf));
  return imagesOf(found.flat());
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    for (const nested of some) found.push(...(await filesOf(nested)));
  }
  return found;
}
