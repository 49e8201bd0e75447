package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/calfdb/calf/cmd/calf/internal/errtext"
	"github.com/calfdb/calf/pglite/embed"
	"github.com/calfdb/calf/pglite/presenter"
	"github.com/spf13/cobra"
)

// mimeTypes are those of the files that a directory is searched for.
var mimeTypes = map[string]string{
	".md": "text/markdown", ".markdown": "text/markdown", ".txt": "text/plain", ".text": "text/plain",
}

// largest is how large a file may be: what one value of PostgreSQL could hold
// with room to spare.
const largest = 256 << 20

// adding is the flags of calf knowledge add, and what it does.
type adding struct {
	*knowledge
	split embed.SplitOptions
	p     *program
	pr    *presenter.Presenter
	e     presenter.Embedder

	added, unchanged, failed int
	chunks                   int64
}

func (k *knowledge) addCommand(p *program) *cobra.Command {
	a := &adding{knowledge: k, p: p}
	c := &cobra.Command{
		Use:   "add [flags] FILE...",
		Short: "Add texts to a knowledge base",
		Long: `Add text and Markdown files to a knowledge base, or all such files in directories.

Each file is cut into overlapping pieces, at the best places: Markdown within its
sections, empty lines, ends of lines, sentences, words. A file that was added
before is replaced if it has changed, and left alone if it has not. What was
interrupted, or could not be embedded, is continued by adding it again.

From 1000 vectors on, they get an HNSW index.`,
		Example: `  calf knowledge add --db ./data README.md docs
  calf knowledge add --db ./data --base notes --url http://localhost:11434/v1 --model nomic-embed-text notes.txt`,
		Args: cobra.MinimumNArgs(1),
	}
	k.model.addTo(c)
	f := c.Flags()
	f.IntVar(&a.split.Size, "chunk-size", 1000, "largest `number` of characters of a piece")
	f.IntVar(&a.split.Overlap, "chunk-overlap", 125, "largest `number` of characters that two pieces share")
	return p.does(c, func(ctx context.Context, args []string) error {
		if a.split.Size < 1 || a.split.Overlap < 0 || a.split.Overlap >= (a.split.Size+1)/2 {
			return usage("--chunk-overlap must be less than half of --chunk-size")
		}
		if a.split.Overlap == 0 {
			a.split.Overlap = -1
		}
		if err := k.model.check(); err != nil {
			return err
		}
		files, err := textFiles(args)
		if err != nil {
			return err
		}
		return k.with(ctx, p, true, func(pr *presenter.Presenter) error {
			a.pr = pr
			return a.run(ctx, files)
		})
	})
}

// textFiles returns the files that are named, and those in directories.
func textFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		n := len(files)
		err = filepath.WalkDir(arg, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && mimeTypes[strings.ToLower(filepath.Ext(path))] != "" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == n {
			return nil, fmt.Errorf("%s has no text or Markdown files", arg)
		}
	}
	return files, nil
}

func (a *adding) run(ctx context.Context, files []string) error {
	b, e, err := a.baseFor(ctx, a.pr)
	if err != nil {
		return err
	}
	a.e = e
	for _, file := range files {
		switch changed, err := a.add(ctx, b.ID, file); {
		case ctx.Err() != nil:
			return errors.Join(context.Cause(ctx), err)
		case err != nil:
			a.failed++
			fmt.Fprintf(a.p.stderr, "calf: %s: %s\n", file, errtext.Line(err))
		case changed:
			a.added++
		default:
			a.unchanged++
		}
	}
	if err := a.index(ctx, b.ID); err != nil {
		return err
	}
	if a.json {
		err = a.p.printJSON(map[string]any{"base": b.ID, "added": a.added, "unchanged": a.unchanged, "failed": a.failed, "chunks": a.chunks})
	} else {
		_, err = fmt.Fprintf(a.p.stdout, "added %d files in %d pieces to %s; %d were there, %d failed\n", a.added, a.chunks, b.ID, a.unchanged, a.failed)
	}
	if err == nil && a.failed > 0 {
		err = errReported
	}
	return err
}

// indexedFrom is how many vectors get an index: searching fewer exactly takes
// some milliseconds.
const indexedFrom = 1000

func (a *adding) index(ctx context.Context, base string) error {
	v, err := a.pr.VectorIndex(ctx, base)
	if err != nil || v.Kind != "" || v.Vectors < indexedFrom {
		return err
	}
	b, err := a.pr.Base(ctx, base)
	if err != nil || b.Dimensions > presenter.MaxIndexedDimensions {
		return err
	}
	return a.pr.IndexVectors(ctx, base, presenter.IndexOptions{})
}

// add adds a file, and reports whether there was anything to do.
func (a *adding) add(ctx context.Context, base, name string) (changed bool, err error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return false, err
	}
	text, sum, err := readText(path)
	if err != nil {
		return false, err
	}
	before, err := a.pr.Files(ctx, presenter.FileFilter{BaseID: base, Path: path})
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(before, func(f presenter.File) bool { return a.same(f, sum) })
	if i >= 0 && before[i].Status == presenter.Completed {
		return false, nil
	}
	var id string
	if i >= 0 {
		id, err = before[i].ID, a.retry(ctx, before[i].ID)
	} else {
		id, err = a.insert(ctx, base, path, text, sum)
	}
	if err != nil {
		return false, err
	}
	n, err := a.pr.EmbedChunks(ctx, base, a.e, presenter.EmbedOptions{FileID: id})
	a.chunks += n
	if err != nil {
		return false, err
	}
	f, err := a.pr.SettleFile(ctx, id)
	if err != nil {
		return false, err
	}
	if f.Status != presenter.Completed {
		return false, fmt.Errorf("it is %s: %s", f.Status, f.Error)
	}
	// Only now: until here the old text was found.
	return true, a.pr.WithTx(ctx, func(tx presenter.Tx) error {
		for _, old := range before {
			if old.ID != id {
				if err := tx.DeleteFile(ctx, old.ID); err != nil && !errors.Is(err, presenter.ErrNotFound) {
					return err
				}
			}
		}
		return nil
	})
}

// facts are what a file's metadata has.
type facts struct {
	SHA256  string `json:"sha256"`
	Size    int    `json:"size"`
	Chunks  int    `json:"totalChunks"`
	Chunked int    `json:"chunkSize"`
	Overlap int    `json:"chunkOverlap"`
}

// same reports whether a file was added with the same text, in the same pieces.
func (a *adding) same(f presenter.File, sum string) bool {
	var known facts
	return json.Unmarshal(f.Metadata, &known) == nil && known.SHA256 == sum && known.Chunked == a.split.Size && known.Overlap == a.split.Overlap
}

// readText reads a text, with its SHA-256.
func readText(path string) (text, sum string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", err
	}
	if info.Size() > largest {
		return "", "", fmt.Errorf("it has %s, and %s is the most", size(info.Size()), size(largest))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", "", err
	}
	text = strings.TrimPrefix(string(data), "\ufeff")
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return "", "", errors.New("it is not a text in UTF-8")
	}
	digest := sha256.Sum256(data)
	return text, hex.EncodeToString(digest[:]), nil
}

// insert adds the file with its pieces, which are still to be embedded.
func (a *adding) insert(ctx context.Context, base, path, text, sum string) (id string, err error) {
	mime := mimeTypes[strings.ToLower(filepath.Ext(path))]
	if mime == "" {
		mime = "text/plain"
	}
	split := a.split
	split.Markdown = mime == "text/markdown"
	pieces := embed.Split(text, split)
	metadata, err := json.Marshal(facts{sum, len(text), len(pieces), a.split.Size, a.split.Overlap})
	if err != nil {
		return "", err
	}
	err = a.pr.WithTx(ctx, func(tx presenter.Tx) error {
		f, err := tx.InsertFile(ctx, presenter.NewFile{BaseID: base, Name: filepath.Base(path), Path: path, MimeType: mime, Metadata: metadata})
		if err != nil {
			return err
		}
		id = f.ID
		chunks := make([]presenter.Chunk, len(pieces))
		for i, piece := range pieces {
			place := map[string]any{"start": piece.Start}
			if piece.Heading != "" {
				place["heading"] = piece.Heading
			}
			about, err := json.Marshal(place)
			if err != nil {
				return err
			}
			chunks[i] = presenter.Chunk{FileID: id, Index: i, Content: piece.Text, Metadata: about}
		}
		return tx.InsertChunks(ctx, base, chunks)
	})
	return id, err
}

// retry makes what is left of a file Processing again.
func (a *adding) retry(ctx context.Context, id string) error {
	return a.pr.WithTx(ctx, func(tx presenter.Tx) error {
		again := presenter.Processing
		if err := tx.UpdateFile(ctx, id, presenter.FileUpdate{Status: &again}); err != nil {
			return err
		}
		for _, status := range []presenter.TaskStatus{presenter.InError, presenter.Paused} {
			chunks, err := tx.Chunks(ctx, presenter.ChunkFilter{FileID: id, Status: status})
			if err != nil {
				return err
			}
			for _, c := range chunks {
				if err := tx.UpdateChunkStatus(ctx, c.ID, presenter.Processing, ""); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
