// Package icudata makes and reads the data files of ICU that PostgreSQL's collations need.
//
// ICU looks for its data in a folder per version, [Folder], with a file per locale and purpose. PGlite ships two of
// them, which are the order of all languages that have no rules of their own. [Supplement] returns what is missing for
// ICU to say the truth about the rest, and [Read] the files of all languages from what a user has.
package icudata

// Folder is the folder of the data of the ICU in the guest, 76, as files for a little-endian machine.
const Folder = "icudt76l"

// Files are contents by path, such as "icudt76l/coll/sv.res".
type Files = map[string][]byte
