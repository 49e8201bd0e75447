package assets

import (
	"encoding/json"
	"fmt"

	"github.com/calfdb/calf/assets/internal/layout"
)

// GuestFile is a file that belongs in the guest's file system.
type GuestFile struct {
	// Path is absolute, such as "/pglite/lib/postgresql/vector.so". The folders above it are not listed.
	Path string
	// Content is part of the Set's memory and must not be written to.
	Content []byte
}

// IndexEntry says where the data file has a guest file.
type IndexEntry struct {
	// Name is the file's absolute path in the guest.
	Name string
	// Start and End are offsets in the data file.
	Start, End int64
}

// Files returns every file of the guest's file system: first those of the data file (pglite.data), then those of the
// extension bundles. No path comes twice. It decompresses nothing and copies no content.
func (s *Set) Files() ([]GuestFile, error) {
	data, entries, err := s.dataFile()
	if err != nil {
		return nil, err
	}
	ext, extData, err := s.extensions()
	if err != nil {
		return nil, err
	}
	files := make([]GuestFile, 0, len(entries))
	for _, e := range entries {
		files = append(files, guestFile(e, data))
	}
	for _, b := range ext.Bundles {
		for _, e := range b.Files {
			files = append(files, guestFile(e, extData))
		}
	}
	return files, nil
}

// Index returns where the data file (pglite.data) has which guest file. The entries cover it from start to end.
func (s *Set) Index() ([]IndexEntry, error) {
	_, spans, err := s.dataFile()
	if err != nil {
		return nil, err
	}
	entries := make([]IndexEntry, len(spans))
	for i, span := range spans {
		entries[i] = IndexEntry(span)
	}
	return entries, nil
}

// dataFile returns the content and the index of the group's data file.
func (s *Set) dataFile() ([]byte, []layout.Span, error) {
	var name string
	for _, p := range s.contents().group.Packages {
		for _, f := range p.Files {
			if f.IndexOf != "" {
				name = f.IndexOf
			}
		}
	}
	if name == "" {
		return nil, nil, nil
	}
	data, err := s.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	index := layout.IndexFile(name)
	encoded, err := s.ReadFile(index)
	if err != nil {
		return nil, nil, err
	}
	var spans []layout.Span
	if err := json.Unmarshal(encoded, &spans); err != nil {
		return nil, nil, fmt.Errorf("assets: reading %s: %w: %w", index, ErrCorruptAsset, err)
	}
	if err := layout.Check(spans, int64(len(data))); err != nil {
		return nil, nil, fmt.Errorf("assets: reading %s: %w: %w", index, ErrCorruptAsset, err)
	}
	return data, spans, nil
}

// extensions returns the index of the unpacked bundles, and what it points into.
func (s *Set) extensions() (layout.Extensions, []byte, error) {
	data, err := s.ReadFile(layout.ExtensionsData)
	if err != nil {
		return layout.Extensions{}, nil, err
	}
	encoded, err := s.ReadFile(layout.ExtensionsIndex)
	if err != nil {
		return layout.Extensions{}, nil, err
	}
	ext, err := layout.ParseExtensions(encoded, int64(len(data)))
	if err != nil {
		return ext, nil, fmt.Errorf("assets: reading %s: %w: %w", layout.ExtensionsIndex, ErrCorruptAsset, err)
	}
	return ext, data, nil
}

// guestFile slices a file out. Its capacity ends with it, so that an append does not write into the next one.
func guestFile(s layout.Span, data []byte) GuestFile {
	return GuestFile{Path: s.Name, Content: data[s.Start:s.End:s.End]}
}
