package tarball

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// Integrity returns npm's hash of a package tarball.
func Integrity(pkg []byte) string {
	sum := sha512.Sum512(pkg)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Read returns the files of a package tarball that are wanted, by their path without the tarball's first folder.
// A wanted path must be a regular file and occur once.
func Read(ctx context.Context, pkg []byte, wanted func(path string) bool) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := walk(ctx, bytes.NewReader(pkg), maxPackage, func(e entry) error {
		name, _ := e.clean()
		_, name, _ = strings.Cut(name, "/")
		if name == "" || e.Typeflag == tar.TypeDir || !wanted(name) {
			return nil
		}
		if files[name] != nil {
			return fmt.Errorf("it holds %s twice", name)
		}
		content, err := e.read()
		files[name] = content
		return err
	})
	if err != nil {
		return nil, err
	}
	return files, nil
}

// Identify returns the name and version that a package tarball claims to be.
func Identify(ctx context.Context, pkg []byte) (name, version string, err error) {
	files, err := Read(ctx, pkg, func(path string) bool { return path == "package.json" })
	if err != nil {
		return "", "", err
	}
	var claim struct{ Name, Version string }
	if err := json.Unmarshal(files["package.json"], &claim); err != nil || claim.Name == "" {
		return "", "", fmt.Errorf("it is not an npm package")
	}
	return claim.Name, claim.Version, nil
}
