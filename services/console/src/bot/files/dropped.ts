/** A file to be uploaded, and where to, seen from the directory that it was dropped into. */
export interface Dropped {
  name: string;
  file: File;
}

/** All files that were dropped, those in directories too. To be called while the event is being told. */
export async function droppedFiles(data: DataTransfer): Promise<Dropped[]> {
  // What was dropped can be looked at only now: entries are taken before anything is waited for.
  const entries = Array.from(data.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return Array.from(data.files, (file) => ({ name: file.name, file }));
  return (await Promise.all(entries.map((entry) => filesIn(entry, '')))).flat();
}

async function filesIn(entry: FileSystemEntry, above: string): Promise<Dropped[]> {
  const name = above + entry.name;
  if (isFile(entry)) return [{ name, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) }];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Dropped[] = [];
  // It tells a hundred at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const inner of some) found.push(...(await filesIn(inner, `${name}/`)));
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
