package pgdata

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	testSegSize = 1 << 20
	testSysID   = 4711
)

// walWriter writes a log as PostgreSQL 18 does.
type walWriter struct {
	first LSN // of the first page
	b     []byte
	prev  LSN
}

// newWALWriter starts a log at the beginning of a segment.
func newWALWriter(first LSN) *walWriter { return &walWriter{first: first} }

// at is where the next byte goes.
func (w *walWriter) at() LSN { return w.first + LSN(len(w.b)) }

// page begins a page, on which rest bytes of a record are still to come.
func (w *walWriter) page(rest int) {
	at, size, info := w.at(), walShortHeader, uint16(0)
	if at%testSegSize == 0 {
		size, info = walLongHeader, xlpLongHeader
	}
	if rest > 0 {
		info |= xlpFirstIsContrecord
	}
	h := make([]byte, size)
	binary.LittleEndian.PutUint16(h, walMagic(18))
	binary.LittleEndian.PutUint16(h[2:], info)
	binary.LittleEndian.PutUint32(h[4:], 1)
	binary.LittleEndian.PutUint64(h[8:], uint64(at))
	binary.LittleEndian.PutUint32(h[16:], uint32(rest))
	if size == walLongHeader {
		binary.LittleEndian.PutUint64(h[24:], testSysID)
		binary.LittleEndian.PutUint32(h[32:], testSegSize)
		binary.LittleEndian.PutUint32(h[36:], WALBlockSize)
	}
	w.b = append(w.b, h...)
}

// record writes a record and returns where it starts and where it ends.
func (w *walWriter) record(rmid, info uint8, xid uint32, body []byte) (at, end LSN) {
	for len(w.b)%maxAlign != 0 {
		w.b = append(w.b, 0)
	}
	if len(w.b)%WALBlockSize == 0 {
		w.page(0)
	}
	at = w.at()
	r := make([]byte, walRecordHeader, walRecordHeader+len(body))
	binary.LittleEndian.PutUint32(r, uint32(walRecordHeader+len(body)))
	binary.LittleEndian.PutUint32(r[4:], xid)
	binary.LittleEndian.PutUint64(r[8:], uint64(w.prev))
	r[16], r[17] = info, rmid
	r = append(r, body...)
	crc := crc32c(append(slices.Clone(r[walRecordHeader:]), r[:walRecordCRC]...))
	binary.LittleEndian.PutUint32(r[walRecordCRC:], crc)
	for len(r) > 0 {
		if len(w.b)%WALBlockSize == 0 {
			w.page(len(r))
		}
		n := min(len(r), WALBlockSize-len(w.b)%WALBlockSize)
		w.b, r = append(w.b, r[:n]...), r[n:]
	}
	w.prev = at
	return at, (w.at() + 7) &^ 7
}

// mainData is the body of a record without blocks.
func mainData(data []byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{xlrBlockIDLong}, uint32(len(data))), data...)
}

// scanned scans the log, whose last page is filled up with zeros.
func (w *walWriter) scanned(c *Control, apply func(*WALRecord)) *WALScan {
	b := append(slices.Clone(w.b), make([]byte, 2*WALBlockSize-len(w.b)%WALBlockSize)...)
	s := NewWALScan(c, 18)
	s.Apply = apply
	for s.Next()-w.first < LSN(len(b)) {
		at := s.Next() - w.first
		if !s.Page(b[at : at+WALBlockSize]) {
			break
		}
	}
	return s
}

func testControl(redo, checkpoint LSN) *Control {
	return &Control{SystemIdentifier: testSysID, WALSegSize: testSegSize, Checkpoint: checkpoint, CheckpointCopy: Checkpoint{Redo: redo, Timeline: 1}}
}

func TestWALScan(t *testing.T) {
	t.Parallel()
	w := newWALWriter(3 * testSegSize)
	redo, _ := w.record(rmXLOG, 0xE0, 0, mainData(nil)) // XLOG_CHECKPOINT_REDO
	w.record(10, heapOpInsert, 20, mainData(bytes.Repeat([]byte("long"), 10000)))
	at := time.Date(2026, 5, 4, 3, 2, 1, 7000, time.UTC)
	us := binary.LittleEndian.AppendUint64(nil, uint64(at.UnixMicro()-time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()))
	w.record(rmXact, xlogXactCommit, 20, mainData(us))
	checkpoint, _ := w.record(rmXLOG, xlogCheckpointOnline, 0, mainData(make([]byte, 88)))
	for range 1000 { // over pages and into the next segment
		w.record(10, heapOpInsert, 21, mainData(bytes.Repeat([]byte("x"), 1000)))
	}
	_, end := w.record(rmXact, 0x20, 21, mainData(us)) // an abort
	require.Greater(t, end, LSN(4*testSegSize))

	var applied int
	s := w.scanned(testControl(redo, checkpoint), func(*WALRecord) { applied++ })
	require.Equal(t, "no further record", s.Stopped)
	require.Equal(t, end, s.End)
	require.EqualValues(t, 1005, s.Records)
	require.Equal(t, 1005, applied)
	require.EqualValues(t, 1, s.Commits)
	require.Equal(t, at, s.LastCommit)
	require.True(t, s.Checkpoint)
	require.False(t, s.Skipped)

	// It may also be started in the middle, at a checkpoint of a shutdown.
	s = w.scanned(testControl(checkpoint, checkpoint), nil)
	require.EqualValues(t, 1002, s.Records)
	require.True(t, s.Checkpoint)
	s = w.scanned(testControl(redo, redo), nil)
	require.False(t, s.Checkpoint, "that is another record")
}

func TestWALScanSwitch(t *testing.T) {
	t.Parallel()
	w := newWALWriter(testSegSize)
	redo, _ := w.record(rmXLOG, 0x20, 0, mainData(nil))
	w.record(rmXLOG, xlogSwitch, 0, mainData(nil))
	w.b = append(w.b, make([]byte, testSegSize-len(w.b))...)
	_, end := w.record(rmXLOG, 0x20, 0, mainData(nil))
	s := w.scanned(testControl(redo, redo), nil)
	require.EqualValues(t, 3, s.Records)
	require.Equal(t, end, s.End)
}

func TestWALScanStops(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		damage  func(w *walWriter)
		says    string
		records uint64
	}{
		"Checksum":     {func(w *walWriter) { w.b[9000] ^= 1 }, "checksum", 1},
		"Magic":        {func(w *walWriter) { w.b[WALBlockSize] = 0x13 }, "magic number D113", 1},
		"OldPage":      {func(w *walWriter) { w.b[WALBlockSize+9] ^= 1 }, "an earlier use", 1},
		"NotWritten":   {func(w *walWriter) { clear(w.b[WALBlockSize:]) }, "not written yet", 1},
		"Flags":        {func(w *walWriter) { w.b[3] = 1 }, "flags", 0},
		"OtherCluster": {func(w *walWriter) { w.b[24]++ }, "another cluster", 0},
		"OtherSize":    {func(w *walWriter) { w.b[34]++ }, "another size", 0},
		"NoHeader":     {func(w *walWriter) { w.b[2] = 0 }, "without its header", 0},
		"RestMissing":  {func(w *walWriter) { w.b[WALBlockSize+16]++ }, "whose rest is missing", 1},
		"TooShort":     {func(w *walWriter) { w.b[walLongHeader] = 5 }, "of 5 bytes", 0},
		"TooLong":      {func(w *walWriter) { w.b[walLongHeader+3] = 0xff }, "a record of", 0},
		"Prev":         {func(w *walWriter) { w.b[walLongHeader+40] ^= 8 }, "does not follow", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWALWriter(testSegSize)
			redo, _ := w.record(rmXLOG, 0x20, 0, mainData(nil)) // 29 bytes, so the next one is 32 further
			w.record(10, 0, 1, mainData(make([]byte, 30000)))
			w.record(10, 0, 1, mainData(nil))
			test.damage(w)
			s := w.scanned(testControl(redo, redo), func(*WALRecord) {})
			require.Contains(t, s.Stopped, test.says)
			require.Equal(t, test.records, s.Records)
		})
	}
	require.Contains(t, NewWALScan(testControl(0, 0), 14).Stopped, "not known")
}

// heapRecord is the body of a record that changes a block of a relation.
func heapRecord(node Filenode, block uint32, flags uint8, data, main []byte) []byte {
	b := []byte{0, flags | bkpblockHasData}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	for _, v := range []uint32{node.Tablespace, node.Database, node.Number, block} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, xlrBlockIDShort, byte(len(main)))
	return append(append(b, data...), main...)
}

// imageRecord is the body of a record with the image of a page, without the hole between its line pointers and tuples.
func imageRecord(node Filenode, block uint32, p Page) []byte {
	lower, upper := p.lower(), p.upper()
	image := append(slices.Clone(p[:lower]), p[upper:]...)
	b := []byte{0, bkpblockHasImage, 0, 0}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(image)))
	b = binary.LittleEndian.AppendUint16(b, uint16(lower))
	b = append(b, bkpimageHasHole|bkpimageApply)
	for _, v := range []uint32{node.Tablespace, node.Database, node.Number, block} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return append(b, image...)
}

// walTuple is a tuple as records have it: a header of five bytes, and the bitmap and attributes.
func walTuple(text string) []byte {
	return append([]byte{1, 0, 0, 0, 24, 0}, text...)
}

func texts(r *Redo, n Filenode, block uint32) (found []string) {
	tuples, ok := r.Tuples(n, block)
	if !ok {
		return nil
	}
	for t := range tuples {
		found = append(found, string(t[24:]))
	}
	return found
}

func TestRedo(t *testing.T) {
	t.Parallel()
	node := Filenode{DefaultTablespace, 5, 16384}
	other := Filenode{DefaultTablespace, 5, 16385}
	disk := heapPage(append(tupleOf(3, 0, heapXmaxInvalid|heapXminCommitted), "on disk"...))
	r := NewRedo(func(n Filenode) bool { return n == node }, func(n Filenode, block uint32) (Page, bool) {
		return slices.Clone(disk), block == 9
	})
	w := newWALWriter(testSegSize)
	u16 := func(v ...uint16) (b []byte) {
		for _, v := range v {
			b = binary.LittleEndian.AppendUint16(b, v)
		}
		return b
	}
	redo, _ := w.record(rmXLOG, 0x20, 0, mainData(nil))
	w.record(10, heapOpInsert|heapInitPage, 20, heapRecord(node, 0, bkpblockWillInit, walTuple("first"), append(u16(1), 0)))
	w.record(10, heapOpInsert, 20, heapRecord(node, 0, 0, walTuple("second"), append(u16(3), 0)))
	w.record(10, heapOpInsert, 20, heapRecord(other, 0, bkpblockWillInit, walTuple("not wanted"), append(u16(1), 0)))
	require.Nil(t, texts(r, node, 0))
	apply := func() *Xacts {
		*r = *NewRedo(r.wanted, r.read)
		s := w.scanned(testControl(redo, redo), r.Apply)
		require.False(t, s.Skipped)
		x := NewXacts(testControl(0, 0), func(string, []byte, int64) error { return ErrControl })
		r.Xacts(x)
		return x
	}
	apply()
	require.Equal(t, []string{"first", "second"}, texts(r, node, 0))
	require.Nil(t, texts(r, other, 0))

	// Several rows, of which the second is aligned.
	many := append(u16(4), walTuple("odd")[:5]...)
	many = append(append(many, 0), "odd"...)
	many = append(many, 0)
	many = append(append(many, u16(5)...), walTuple("even")[:5]...)
	many = append(append(many, 0), "even"...)
	w.record(9, 0x50, 20, heapRecord(node, 0, 0, many, append([]byte{0, 0}, u16(2, 2, 4)...)))
	apply()
	require.Equal(t, []string{"first", "odd", "second", "even"}, texts(r, node, 0))

	// An update on the page, of which the log has the middle only, and one in place.
	update := append(binary.LittleEndian.AppendUint32(nil, 21), u16(3)...)
	update = append(update, 0, xlhUpdatePrefix|xlhUpdateSuffix, 0, 0, 0, 0)
	update = append(update, u16(5)...)
	w.record(10, heapOpHotUpdate, 21, heapRecord(node, 0, 0, append(u16(2, 3), append(walTuple("")[:6], "XX"...)...), update))
	w.record(10, heapOpInplace, 0, heapRecord(node, 0, 0, []byte("F"), u16(1)))
	// A delete of a row that is on disk, whose page has no image.
	w.record(10, heapOpDelete, 22, heapRecord(node, 9, 0, nil, append(append(binary.LittleEndian.AppendUint32(nil, 22), u16(1)...), 0, 0)))
	x := apply()
	require.Equal(t, []string{"First", "odd", "second", "even", "seXXond"}, texts(r, node, 0))
	require.False(t, r.Incomplete)
	live := func(block uint32) (found []string) {
		tuples, ok := r.Tuples(node, block)
		require.True(t, ok)
		for tuple := range tuples {
			if tuple.Liveness(x) == Live {
				found = append(found, string(tuple[24:]))
			}
		}
		return found
	}
	require.Empty(t, live(0), "nothing was committed, as far as is known")
	require.Empty(t, live(9))
	require.Equal(t, []string{"on disk"}, texts(r, node, 9))

	// 20 with its part 21 commits; 22 aborts.
	commit := append(make([]byte, 8), binary.LittleEndian.AppendUint32(nil, 2|1)...)
	commit = append(commit, make([]byte, 8)...)
	commit = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(commit, 1), 21)
	w.record(rmXact, 0x80, 20, mainData(commit))
	w.record(rmXact, 0x20, 22, mainData(make([]byte, 8)))
	x = apply()
	require.Equal(t, []string{"First", "odd", "even", "seXXond"}, live(0))
	require.Equal(t, []string{"on disk"}, live(9))
	require.Equal(t, []uint32{0, 9}, r.Blocks(node, 0))
	require.Equal(t, []uint32{9}, r.Blocks(node, 1))

	// An image replaces all.
	image := heapPage(append(tupleOf(bootstrapXID, 0, heapXmaxInvalid), "restored"...))
	w.record(rmXLOG, 0xB0, 0, imageRecord(node, 0, image))
	apply()
	require.Equal(t, []string{"restored"}, texts(r, node, 0))
	require.True(t, r.Restores(node, MainFork, 0))
	require.False(t, r.Restores(node, FSMFork, 0))
	require.False(t, r.Restores(node, MainFork, 9))

	// A truncation takes blocks away.
	truncate := binary.LittleEndian.AppendUint32(nil, 1)
	for _, v := range []uint32{node.Tablespace, node.Database, node.Number, 7} {
		truncate = binary.LittleEndian.AppendUint32(truncate, v)
	}
	w.record(2, 0x20, 0, mainData(truncate))
	apply()
	require.Equal(t, []uint32{0}, r.Blocks(node, 0))
	require.False(t, r.Incomplete)

	// A page that cannot be had is told.
	w.record(10, heapOpInsert, 20, heapRecord(node, 10, 0, walTuple("x"), append(u16(1), 0)))
	apply()
	require.True(t, r.Incomplete)
}

func FuzzWALScan(f *testing.F) {
	w := newWALWriter(testSegSize)
	w.record(rmXLOG, 0x20, 0, mainData(nil))
	w.record(10, 0, 1, mainData(make([]byte, 9000)))
	w.record(rmXLOG, xlogSwitch, 0, mainData(nil))
	f.Add(w.b, uint32(walLongHeader))
	f.Add(w.b, uint32(8000))
	f.Add([]byte{}, uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, offset uint32) {
		c := testControl(testSegSize+LSN(offset), 0)
		s := NewWALScan(c, 18)
		s.Apply = NewRedo(func(Filenode) bool { return true }, func(Filenode, uint32) (Page, bool) { return nil, false }).Apply
		page := make([]byte, WALBlockSize)
		for n := 0; n*WALBlockSize < len(b); n++ {
			clear(page)
			copy(page, b[n*WALBlockSize:])
			next := s.Next()
			if !s.Page(page) {
				require.NotEmpty(t, s.Stopped)
				return
			}
			require.Greater(t, s.Next(), next)
		}
	})
}

// FuzzWALRecord applies records whose checksums would be right.
func FuzzWALRecord(f *testing.F) {
	node := Filenode{DefaultTablespace, 5, 16384}
	page := heapPage(append(tupleOf(3, 0, 0), "on disk"...))
	update := append(make([]byte, 4), 1, 0, 0, xlhUpdatePrefix|xlhUpdateSuffix, 0, 0, 0, 0, 2, 0)
	for _, body := range [][]byte{
		heapRecord(node, 0, bkpblockWillInit, walTuple("first"), []byte{1, 0, 0}),
		heapRecord(node, 0, 0, []byte{4, 0, 1, 0, 0, 0, 24, 0, 'a', 'b', 'c'}, []byte{0, 0, 1, 0, 2, 0}),
		heapRecord(node, 0, 0, append([]byte{2, 0, 3, 0}, walTuple("x")...), update),
		imageRecord(node, 0, page), mainData(make([]byte, 40)), mainData([]byte(strings.Repeat("\x01", 60))),
	} {
		for _, op := range []uint16{10<<8 | heapOpInsert, 10<<8 | heapOpDelete, 10<<8 | heapOpUpdate, 10<<8 | heapOpInplace, 9<<8 | 0x50, 1<<8 | 0x80, 2<<8 | 0x20, 6<<8 | 0x20} {
			f.Add(op, body, []byte(page))
		}
	}
	f.Fuzz(func(t *testing.T, op uint16, body, disk []byte) {
		b := make([]byte, walRecordHeader, walRecordHeader+len(body))
		b[16], b[17] = byte(op), byte(op>>8)
		rec, ok := decodeWALRecord(append(b, body...), 1<<40)
		if !ok {
			return
		}
		r := NewRedo(func(Filenode) bool { return true }, func(Filenode, uint32) (Page, bool) {
			p := make(Page, BlockSize)
			copy(p, disk)
			return p, true
		})
		for range 3 {
			r.Apply(rec)
			rec.End++
		}
		x := NewXacts(&Control{}, func(string, []byte, int64) error { return ErrControl })
		r.Xacts(x)
		for node := range r.Nodes() {
			for _, block := range r.Blocks(node, 0) {
				tuples, _ := r.Tuples(node, block)
				total := 0
				for tuple := range tuples {
					tuple.Liveness(x)
					total += len(tuple)
				}
				require.LessOrEqual(t, total, maxHeapTuples*BlockSize)
			}
		}
	})
}
