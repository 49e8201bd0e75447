package manager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/calfdb/calf/internal/relay"
)

// What is in the folder of a file: its content, and its name, which may be one
// that the file system does not take.
const (
	contentName = "content"
	nameName    = "name"
)

// maxFileName is the length of a file's name, in bytes: four times the 255 that
// file systems take, whatever their characters.
const maxFileName = 1020

// A File is a file that belongs to messages, such as a CSV that was imported.
type File struct {
	// ID has the form of a database's.
	ID string
	// Name is what the user called it; it has no / in it.
	Name string
	// Size is in bytes, and SavedAt the time at which it was saved.
	Size    int64
	SavedAt time.Time
}

// SaveFile keeps what it reads as a file, all or nothing. An empty id makes a new
// one; it is ErrExists if the id is taken.
func (m *Manager) SaveFile(ctx context.Context, id, name string, r io.Reader) (f File, err error) {
	if id == "" {
		id = m.cfg.NewID()
	}
	defer func() { err = m.wrap(err, "saving file", id) }()
	made, err := m.stageFile(ctx, id, name, r)
	if err != nil {
		return f, err
	}
	if err := m.folder.move(made, fileName+"/"+folderName(id)); err != nil {
		m.discard(made)
		if errors.Is(err, fs.ErrExist) {
			err = ErrExists
		}
		return f, err
	}
	return m.file(id)
}

// stageFile writes a file to a folder that is to be moved.
func (m *Manager) stageFile(ctx context.Context, id, name string, r io.Reader) (made string, err error) {
	if err := checkID(id); err != nil {
		return "", err
	}
	if name == "" || name == "." || name == ".." || len(name) > maxFileName || !utf8.ValidString(name) || strings.ContainsAny(name, "/\x00") {
		return "", fmt.Errorf("%w: %q is no name of a file", ErrInvalid, shorten(name))
	}
	if made, err = m.folder.temporary("+file"); err != nil {
		return "", err
	}
	err = m.writeFile(made+"/"+nameName, strings.NewReader(name))
	if err == nil {
		err = m.writeFile(made+"/"+contentName, relay.Reader(ctx, r))
	}
	if err == nil {
		err = m.folder.sync(made)
	}
	if err != nil {
		m.discard(made)
		return "", err
	}
	return made, nil
}

func (m *Manager) writeFile(name string, r io.Reader) error {
	f, err := m.folder.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}

// Files returns all files, in the order of their ids' folders.
func (m *Manager) Files(ctx context.Context) ([]File, error) {
	entries, err := m.folder.list(fileName)
	if err != nil {
		return nil, m.wrap(err, "listing files", "")
	}
	list := []File{}
	for _, e := range entries {
		id, ok := idOf(e.Name())
		if !ok || !e.IsDir() {
			continue // somebody else's
		}
		f, err := m.file(id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, m.wrap(err, "listing files", "")
		}
		list = append(list, f)
	}
	return list, nil
}

// OpenFile opens a file for reading. The caller closes it.
func (m *Manager) OpenFile(id string) (io.ReadCloser, File, error) {
	f, err := m.file(id)
	if err != nil {
		return nil, File{}, m.wrap(err, "opening file", id)
	}
	r, err := m.folder.root.Open(fileName + "/" + folderName(id) + "/" + contentName)
	if err != nil {
		return nil, File{}, m.wrap(err, "opening file", id)
	}
	return r, f, nil
}

// DeleteFile deletes a file.
func (m *Manager) DeleteFile(id string) error {
	_, err := m.file(id)
	if err == nil {
		trash := deletedName + "/+file." + newID()
		if err = m.folder.move(fileName+"/"+folderName(id), trash); err == nil {
			m.discard(trash)
		}
	}
	return m.wrap(err, "deleting file", id)
}

// file looks at a file.
func (m *Manager) file(id string) (File, error) {
	if err := checkID(id); err != nil {
		return File{}, err
	}
	dir := fileName + "/" + folderName(id)
	name, err := m.folder.root.ReadFile(dir + "/" + nameName)
	var info fs.FileInfo
	if err == nil {
		info, err = m.folder.root.Lstat(dir + "/" + contentName)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, ErrNotFound
	}
	if err != nil {
		return File{}, err
	}
	return File{ID: id, Name: string(name), Size: info.Size(), SavedAt: info.ModTime()}, nil
}
