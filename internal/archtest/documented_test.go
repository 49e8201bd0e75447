package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// plain are methods whose name says what every method of that name does. They need no comment.
var plain = map[string]bool{"Error": true, "Unwrap": true, "String": true}

// TestExportedIsDocumented checks that each public package has a comment, and each exported constant, variable, type,
// function and method of it. A comment on a group stands for the group.
func TestExportedIsDocumented(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "linux") {
		if p.Name == "main" || strings.Contains(p.ImportPath+"/", "/internal/") {
			continue
		}
		t.Run(local(p.ImportPath), func(t *testing.T) {
			t.Parallel()
			fset := token.NewFileSet()
			files := parseDir(t, fset, p.Dir)
			commented := false
			for _, f := range files {
				commented = commented || f.Doc != nil
				for _, name := range undocumented(f) {
					t.Errorf("%s: %s has no comment", fset.Position(name.Pos()), name.Name)
				}
			}
			if !commented {
				t.Error("the package has no comment")
			}
		})
	}
}

func TestUndocumented(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
// A is documented.
type A struct{}
type B struct{}
func (A) Error() string { return "" }
func (*A) M() {}
func (*hidden[T]) M() {}
func F() {}
// G is documented.
func G() {}
// Both.
const (
	C = 1
	D = 2
)
var (
	// E is documented.
	E = 1
	H = 2 // H too.
	I, j = 3, 4
)
type hidden[T any] struct{}
`, parser.ParseComments)
	require.NoError(t, err)
	var names []string
	for _, n := range undocumented(f) {
		names = append(names, n.Name)
	}
	require.Equal(t, []string{"B", "M", "F", "I"}, names)
}

// parseDir parses a folder's files, of all systems, without tests.
func parseDir(t *testing.T, fset *token.FileSet, dir string) []*ast.File {
	t.Helper()
	var files []*ast.File
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != dir:
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, f)
		return err
	})
	require.NoError(t, err)
	return files
}

// undocumented returns the exported names that a file declares without a comment.
func undocumented(f *ast.File) (names []*ast.Ident) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || receiverIsExported(d) && !plain[d.Name.Name]) {
				names = append(names, d.Name)
			}
		case *ast.GenDecl:
			if d.Doc == nil {
				names = append(names, undocumentedSpecs(d.Specs)...)
			}
		}
	}
	return names
}

func undocumentedSpecs(specs []ast.Spec) (names []*ast.Ident) {
	for _, s := range specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Doc == nil && s.Comment == nil && s.Name.IsExported() {
				names = append(names, s.Name)
			}
		case *ast.ValueSpec:
			for _, n := range s.Names {
				if s.Doc == nil && s.Comment == nil && n.IsExported() {
					names = append(names, n)
				}
			}
		}
	}
	return names
}

// receiverIsExported tells whether a method is of an exported type.
func receiverIsExported(d *ast.FuncDecl) bool {
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}
