package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A declaration is one exported name of Go's standard library, or a package,
// with its documentation.
type declaration struct {
	pkg    string // import path, such as "math/rand/v2"
	symbol string // such as "Rand.IntN"; empty for the package itself
	kind   string // package, const, var, type, func or method
	doc    string
}

// text is what is embedded: the names and the documentation.
func (d declaration) text() string { return d.pkg + " " + d.symbol + "\n" + d.doc }

// goroot returns the folder with the sources of the standard library.
func goroot(ctx context.Context) (string, error) {
	candidates := []string{build.Default.GOROOT} // empty in a program built with -trimpath
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "env", "GOROOT")
	cmd.Stdout = &out
	if err := cmd.Run(); err == nil {
		candidates = append(candidates, strings.TrimSpace(out.String()))
	}
	for _, dir := range candidates {
		if info, err := os.Stat(filepath.Join(dir, "src", "fmt")); dir != "" && err == nil && info.IsDir() {
			return dir, nil
		}
	}
	return "", errors.New("finding the sources of the standard library: neither this program nor `go env GOROOT` knows a folder that has them; name one with -goroot")
}

// readCorpus reads all exported, documented declarations of the standard
// library below a GOROOT, in a fixed order.
func readCorpus(root string) ([]declaration, error) {
	src := filepath.Join(root, "src")
	var all []declaration
	err := filepath.WalkDir(src, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		switch e.Name() {
		case "internal", "vendor", "testdata", "cmd":
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(src, path)
		if err != nil || rel == "." {
			return err
		}
		found, err := readPackage(path, filepath.ToSlash(rel))
		all = append(all, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the standard library: %w", err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("reading the standard library: there is none in %s", src)
	}
	return all, nil
}

// readPackage returns the declarations of the package in a folder, as this
// system's build sees it. A folder without a package has none.
func readPackage(dir, path string) ([]declaration, error) {
	system := build.Default
	system.CgoEnabled = false // the same declarations with and without a C compiler
	p, err := system.ImportDir(dir, 0)
	if none := (*build.NoGoError)(nil); errors.As(err, &none) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	docs, err := doc.NewFromFiles(fset, files, path)
	if err != nil {
		return nil, err
	}
	return flatten(docs), nil
}

// flatten lists what a package declares: itself, then each name it exports.
func flatten(p *doc.Package) []declaration {
	var list []declaration
	add := func(kind, symbol, text string) {
		if text = strings.TrimSpace(text); text != "" {
			list = append(list, declaration{pkg: p.ImportPath, symbol: symbol, kind: kind, doc: text})
		}
	}
	values := func(kind string, groups []*doc.Value) {
		for _, v := range groups {
			add(kind, v.Names[0], v.Doc)
		}
	}
	funcs := func(prefix, kind string, fs []*doc.Func) {
		for _, f := range fs {
			add(kind, prefix+f.Name, f.Doc)
		}
	}
	add("package", "", p.Doc)
	values("const", p.Consts)
	values("var", p.Vars)
	funcs("", "func", p.Funcs)
	for _, t := range p.Types {
		add("type", t.Name, t.Doc)
		values("const", t.Consts)
		values("var", t.Vars)
		funcs("", "func", t.Funcs)
		funcs(t.Name+".", "method", t.Methods)
	}
	return list
}
