/** Gives a file to the browser to save. */
export function saveBlob(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser takes the file before it goes on with anything else.
  setTimeout(() => URL.revokeObjectURL(url));
}
