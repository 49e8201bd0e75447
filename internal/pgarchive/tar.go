package pgarchive

import (
	"archive/tar"
	"fmt"
	"io"
	"strings"
)

// tarSource reads the data of the tar format: a file for each entry that has
// data, in the same order, and one for each large object.
type tarSource struct{ files *tar.Reader }

func (s *tarSource) table(e *Entry) (io.Reader, error) {
	for {
		name, err := s.next()
		if err != nil {
			return nil, fmt.Errorf("looking for the file %s: %w", e.file, err)
		}
		if name == e.file {
			return s.files, nil
		}
	}
}

// next goes to the next file.
func (s *tarSource) next() (name string, err error) {
	h, err := s.files.Next()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return "", err
	}
	return h.Name, nil
}

// blobs returns the large objects of an entry. Their files stand before the list
// of them, blobs.toc or, since version 17, blobs_NUMBER.toc.
func (s *tarSource) blobs(*Entry) (blobSource, error) { return &tarBlobs{source: s}, nil }

type tarBlobs struct {
	source *tarSource
	ended  bool
}

func (b *tarBlobs) next() (int64, io.Reader, error) {
	for !b.ended {
		name, err := b.source.next()
		if err != nil {
			return 0, nil, fmt.Errorf("looking for the list of large objects: %w", err)
		}
		number, isData := strings.CutPrefix(name, "blob_")
		number, isBlob := strings.CutSuffix(number, ".dat")
		if isData && isBlob {
			return parseID(number), b.source.files, nil
		}
		b.ended = strings.HasPrefix(name, "blobs") && strings.HasSuffix(name, ".toc")
	}
	return 0, nil, io.EOF
}
