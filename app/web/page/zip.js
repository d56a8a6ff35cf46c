// Packs files into a ZIP archive, uncompressed (PKWARE's APPNOTE.TXT, 4.3).

const LOCAL = 0x04034b50; // the signatures of an entry, of its line in the directory, and of the directory's end
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20; // 2.0, the first one with folders
const UTF8 = 1 << 11; // names are in UTF-8
const DATE = 0x21; // 1 January 1980: the same files give the same archive

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** The CRC-32 of bytes. */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Return an archive, a blob, of `files`: [path, bytes] each, with slashes in the path. */
export function zipped(files) {
  const entries = [];
  const directory = [];
  let offset = 0;
  for (const [path, bytes] of files) {
    const name = new TextEncoder().encode(path);
    const about = [[2, VERSION], [2, UTF8], [2, 0], [2, 0], [2, DATE], [4, crc32(bytes)], [4, bytes.length],
      [4, bytes.length], [2, name.length], [2, 0]];
    const local = record([4, LOCAL], ...about);
    entries.push(local, name, bytes);
    directory.push(record([4, CENTRAL], [2, VERSION], ...about, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
    offset += local.length + name.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record([4, END], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]);
  return new Blob([...entries, ...directory, end], { type: "application/zip" });
}

/** Return numbers as bytes, the least significant first; each field is [bytes, number]. */
function record(...fields) {
  const bytes = fields.flatMap(([count, value]) => Array.from({ length: count }, (_, place) => (value >>> (8 * place)) & 0xff));
  return Uint8Array.from(bytes);
}
