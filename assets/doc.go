// Package assets installs, finds and verifies the guest: PGlite's published WebAssembly build of PostgreSQL with its
// data files and extension bundles. It knows nothing of WebAssembly.
//
// The guest is not part of calf's source. lock.json pins the npm packages it comes from, their hashes, and the hash of
// every file that is used; nothing that differs is ever returned.
//
// # Installing
//
// [Install] runs npm, or takes tarballs that were fetched elsewhere, verifies and unpacks them into a folder, lets the
// caller add files derived from them, and puts the folder in place in one step. `calf assets install` does this.
//
// # Opening
//
// [Open] looks in four places and takes the first that has the guest:
//
//   - a package written by [Vendor] that the program imports,
//   - the folder dist of this package, which is embedded when calf is built from a tree that has the guest there,
//   - the folder that the environment variable CALF_ASSETS names,
//   - the user's cache folder, which is where [Install] puts it.
//
// # Files
//
// A [Set] gives the files, each verified when it is first read in the process. [Set.Files] gives everything that
// belongs in the guest's file system.
package assets
