package inspect

import (
	"errors"
	"io"
	"path"
	"slices"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/internal/pgdata/tree"
)

// readWAL summarizes pg_wal, and follows the log from the last checkpoint.
func (i *inspector) readWAL() error {
	c := i.control
	i.redo = pgdata.NewRedo(i.isWanted, i.readBlock)
	if !pgdata.WALSegSizeValid(c.WALSegSize) || c.WALBlockSize != pgdata.WALBlockSize {
		return nil // there is no control file to be trusted
	}
	w := &WAL{SegmentSize: c.WALSegSize, Redo: c.CheckpointCopy.Redo.String()}
	i.info.WAL = w
	var segments []pgdata.WALSegment
	for _, f := range i.tree.Below(pgdata.WALDir + "/") {
		if s, ok := pgdata.ParseWALSegment(path.Base(f.Name), c.WALSegSize); ok && path.Dir(f.Name) == pgdata.WALDir {
			segments = append(segments, s)
		}
	}
	slices.SortFunc(segments, func(a, b pgdata.WALSegment) int { return int(int64(a.Number) - int64(b.Number)) })
	if w.Segments = len(segments); w.Segments > 0 {
		w.First, w.Last = segments[0].Name(c.WALSegSize), segments[len(segments)-1].Name(c.WALSegSize)
	}
	scan := pgdata.NewWALScan(c, i.info.PostgreSQL)
	if !i.info.Clean {
		scan.Apply = i.redo.Apply
	}
	if err := i.followWAL(scan); err != nil {
		return err
	}
	i.describeWAL(scan)
	return nil
}

// followWAL gives a scan the pages that it asks for, as long as there are any.
func (i *inspector) followWAL(scan *pgdata.WALScan) error {
	size := i.control.WALSegSize
	at := func(lsn pgdata.LSN) string {
		s := pgdata.WALSegment{Timeline: i.control.CheckpointCopy.Timeline, Number: uint64(lsn) / uint64(size)}
		return path.Join(pgdata.WALDir, s.Name(size))
	}
	// A compressed archive is read in its own order, and again if segments are in another.
	for scan.Stopped == "" {
		before := scan.Next()
		var parts []tree.Part
		for lsn := before; i.tree.File(at(lsn)) != nil; {
			start := lsn &^ pgdata.LSN(size-1)
			parts = append(parts, tree.Part{Name: at(lsn), Off: int64(lsn - start), Len: int64(size) - int64(lsn-start)})
			if lsn = start + pgdata.LSN(size); lsn < start { // the end of all logs
				break
			}
		}
		err := i.tree.VisitInOrder(i.ctx, parts, func(p tree.Part, r io.Reader) error {
			if scan.Stopped != "" || p.Name != at(scan.Next()) {
				return nil
			}
			return readWALPages(p, r, scan)
		})
		if err != nil {
			return err
		}
		if scan.Next() == before {
			if scan.Stopped == "" {
				scan.Stopped = "the end of the segments"
			}
			return nil
		}
	}
	return nil
}

// readWALPages gives a scan the pages of a segment. The end of a segment that is cut off is the end of the log.
func readWALPages(p tree.Part, r io.Reader, scan *pgdata.WALScan) error {
	page := make([]byte, pgdata.WALBlockSize)
	for at := p.Off; at < p.Off+p.Len; at += pgdata.WALBlockSize {
		switch _, err := io.ReadFull(r, page); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			scan.Stopped = "the end of a segment that is cut off"
			return nil
		case err != nil:
			return err
		}
		next := scan.Next()
		if !scan.Page(page) || scan.Next() != next+pgdata.WALBlockSize {
			return nil
		}
	}
	return nil
}

// isWanted tells whether the log's changes of a relation matter: of catalogs that are read, and of what is counted.
func (i *inspector) isWanted(n pgdata.Filenode) bool {
	return n.Number >= pgdata.FirstNormalObjectId || isRead(n.Number) || i.o.System
}

// readBlock reads a block of a relation's main fork as it is now.
func (i *inspector) readBlock(n pgdata.Filenode, block uint32) (pgdata.Page, bool) {
	segment, rest := block/i.control.RelSegSize, block%i.control.RelSegSize
	page := make(pgdata.Page, pgdata.BlockSize)
	err := i.tree.ReadAt(n.Path(pgdata.MainFork, segment, i.tablespaceVersion()), page, int64(rest)*pgdata.BlockSize)
	return page, err == nil
}

// describeWAL puts what a scan found into the result.
func (i *inspector) describeWAL(scan *pgdata.WALScan) {
	w, c := i.info.WAL, i.control
	w.End, w.Stopped = scan.End.String(), scan.Stopped
	w.RedoPresent, w.CheckpointPresent = scan.Records > 0, scan.Checkpoint
	if !i.info.Clean {
		w.Replay, w.Records, w.Commits = int64(scan.End-c.CheckpointCopy.Redo), scan.Records, scan.Commits
		if scan.Commits > 0 {
			w.LastCommit = &scan.LastCommit
		}
		i.redo.Xacts(i.xacts)
		i.info.Recovers = scan.Records > 0
		i.info.Stale = i.redo.Incomplete || scan.Skipped || i.catalogs == nil && scan.Records > 0
	}
	file := path.Join(pgdata.WALDir, pgdata.WALSegment{Timeline: c.CheckpointCopy.Timeline, Number: uint64(c.CheckpointCopy.Redo) / uint64(c.WALSegSize)}.Name(c.WALSegSize))
	switch {
	case i.tree.File("backup_label") != nil: // recovery starts where that says
	case !scan.Checkpoint && scan.Records == 0:
		i.problem(Problem{Kind: "wal", File: file, Text: "the log that the last checkpoint needs is not there (" + scan.Stopped + "), so PostgreSQL will refuse to start"})
	case !scan.Checkpoint:
		i.problem(Problem{Kind: "wal", File: file, Text: "the record of the last checkpoint is not there (" + scan.Stopped + "), so PostgreSQL will refuse to start"})
	}
}
