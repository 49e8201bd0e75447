package assets

import "embed"

// dist holds the guest when calf is built from a tree in which it was installed there, with
// `calf assets install --dir assets/dist`. In calf's repository it has a README.md and nothing else.
//
//go:embed all:dist
var dist embed.FS
