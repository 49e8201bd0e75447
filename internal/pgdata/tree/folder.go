package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// folderSource reads files of a folder.
type folderSource struct {
	root   *os.Root
	prefix *string
}

func (t *Tree) openFolder(ctx context.Context, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	t.source = &folderSource{root, &t.prefix}
	return t.walk(ctx, root, ".", 0)
}

// walk adds what is in a folder.
func (t *Tree) walk(ctx context.Context, root *os.Root, dir string, depth int) error {
	d, err := root.Open(filepath.FromSlash(dir))
	if err != nil {
		if depth == 0 {
			return err
		}
		t.addOther(dir, "directory that cannot be read: "+cause(err).Error())
		return nil
	}
	defer d.Close()
	for {
		// Not all at once: there may be any number.
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			if t.TooMany {
				return nil
			}
			if err := t.walkEntry(ctx, root, path.Join(dir, e.Name()), depth); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			t.addOther(dir, "directory that cannot be read: "+cause(err).Error())
			return nil
		}
	}
}

func (t *Tree) walkEntry(ctx context.Context, root *os.Root, name string, depth int) error {
	info, err := root.Lstat(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has just been removed
	}
	if err != nil {
		t.addOther(name, cause(err).Error())
		return nil
	}
	switch mode := info.Mode(); {
	case mode.IsRegular():
		t.add(&File{Name: name, Size: info.Size()})
		t.Size += info.Size()
	case mode.IsDir() && depth >= maxDepth:
		t.addOther(name, "directory too deep to be PostgreSQL's")
	case mode.IsDir():
		t.addDir(name)
		return t.walk(ctx, root, name, depth+1)
	case mode&fs.ModeSymlink != 0:
		target, err := root.Readlink(filepath.FromSlash(name))
		if err != nil {
			target = "an unknown place"
		}
		t.addOther(name, "symbolic link to "+target)
	default:
		t.addOther(name, "special file ("+mode.Type().String()+")")
	}
	return nil
}

func (s *folderSource) Close() error { return s.root.Close() }

func (s *folderSource) open(f *File) (*os.File, error) {
	name := filepath.FromSlash(*s.prefix + f.Name)
	// What was a regular file may have been replaced by something that blocks when it is opened.
	if info, err := s.root.Lstat(name); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file any more", f.Name)
	}
	return s.root.Open(name)
}

func (s *folderSource) readAt(f *File, b []byte, off int64) (int, error) {
	o, err := s.open(f)
	if err != nil {
		return 0, err
	}
	defer o.Close()
	return o.ReadAt(b, off)
}

func (s *folderSource) visit(ctx context.Context, parts []part, fn func(Part, io.Reader) error) error {
	for _, p := range parts {
		if err := s.visitOne(ctx, p, fn); err != nil {
			return err
		}
	}
	return nil
}

func (s *folderSource) visitOne(ctx context.Context, p part, fn func(Part, io.Reader) error) error {
	o, err := s.open(p.file)
	if err != nil {
		return fn(p.Part, failing{err})
	}
	defer o.Close()
	return visitAt(ctx, o, 0, p, fn)
}

// failing is the reader of what cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// cause is an error without the path that it is about.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
