package pgdata

import (
	"encoding/binary"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// heapPage builds a heap page of tuples, with a checksum as block 7.
func heapPage(tuples ...Tuple) Page {
	p := make(Page, BlockSize)
	upper := BlockSize
	for i, t := range tuples {
		upper = (upper - len(t)) &^ 7
		copy(p[upper:], t)
		binary.LittleEndian.PutUint32(p[PageHeaderSize+4*i:], uint32(upper)|lpNormal<<15|uint32(len(t))<<17)
	}
	binary.LittleEndian.PutUint16(p[12:], uint16(PageHeaderSize+4*len(tuples)))
	binary.LittleEndian.PutUint16(p[14:], uint16(upper))
	binary.LittleEndian.PutUint16(p[16:], BlockSize)
	binary.LittleEndian.PutUint16(p[18:], BlockSize|pageLayoutVersion)
	p.seal(7)
	return p
}

func (p Page) seal(block uint32) { binary.LittleEndian.PutUint16(p[8:], PageChecksum(p, block)) }

// tupleOf builds a tuple without attributes.
func tupleOf(xmin, xmax uint32, mask uint16) Tuple {
	t := make(Tuple, 24)
	binary.LittleEndian.PutUint32(t, xmin)
	binary.LittleEndian.PutUint32(t[4:], xmax)
	binary.LittleEndian.PutUint16(t[20:], mask)
	t[22] = 24
	return t
}

// The checksums were computed by page_checksum of PostgreSQL's extension pageinspect.
func TestPageChecksum(t *testing.T) {
	t.Parallel()
	p := make(Page, BlockSize)
	for i := range p {
		p[i] = byte(i * i >> 3)
	}
	for block, want := range map[uint32]uint16{0: 42232, 1: 42231, 7: 42237, 131072: 42230, 4294967294: 23306} {
		require.Equal(t, want, PageChecksum(p, block), "block %d", block)
	}
	before := PageChecksum(p, 1)
	binary.LittleEndian.PutUint16(p[8:], 12345)
	require.Equal(t, before, PageChecksum(p, 1), "the checksum's own field does not count")
	p[10] ^= 1
	require.NotEqual(t, before, PageChecksum(p, 1))
}

func TestPageVerify(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		damage    func(Page)
		checksums bool
		want      error
	}{
		"Valid":            {func(Page) {}, true, nil},
		"Zeros":            {func(p Page) { clear(p) }, true, nil},
		"NoHeader":         {func(p Page) { clear(p[:PageHeaderSize]) }, true, ErrPageZeros},
		"Flipped":          {func(p Page) { p[8000] ^= 1 }, true, ErrPageChecksum},
		"WithoutChecksums": {func(p Page) { p[8000] ^= 1 }, false, nil},
		"Flags":            {func(p Page) { p[10] |= 0x80; p.seal(7) }, true, ErrPageHeader},
		"Version":          {func(p Page) { p[18] = 5; p.seal(7) }, true, ErrPageHeader},
		"LowerTooLow":      {func(p Page) { p[12] = 8; p.seal(7) }, true, ErrPageHeader},
		"UpperTooHigh":     {func(p Page) { p[15] = 0xff }, false, ErrPageHeader},
		"SpecialUneven":    {func(p Page) { p[16] = 0xff; p[17] = 0x1f }, false, ErrPageHeader},
	} {
		t.Run(name, func(t *testing.T) {
			p := heapPage(tupleOf(3, 0, heapXmaxInvalid), tupleOf(4, 0, heapXmaxInvalid))
			test.damage(p)
			require.ErrorIs(t, p.Verify(7, test.checksums), test.want)
		})
	}
	p := heapPage(tupleOf(3, 0, 0))
	require.ErrorIs(t, p.Verify(8, true), ErrPageChecksum, "the block's number is part of it")
}

func TestTuples(t *testing.T) {
	t.Parallel()
	p := heapPage(tupleOf(10, 0, 0), tupleOf(11, 0, 0), tupleOf(12, 0, 0))
	xmins := func() (found []uint32) {
		for t := range p.Tuples() {
			found = append(found, t.xmin())
		}
		return found
	}
	require.Equal(t, []uint32{10, 11, 12}, xmins())
	binary.LittleEndian.PutUint32(p[PageHeaderSize+4:], 2<<15) // LP_REDIRECT
	require.Equal(t, []uint32{10, 12}, xmins())
	binary.LittleEndian.PutUint32(p[PageHeaderSize+8:], 8180|lpNormal<<15|24<<17) // over the end
	require.Equal(t, []uint32{10}, xmins())
	p[12] = 1
	require.Empty(t, xmins())
}

// xactsOf has transactions that committed, and multixacts with the members and what they do.
func xactsOf(committed []uint32, multis map[uint32][][2]uint32, next uint32) *Xacts {
	files := map[string][]byte{"pg_xact/0000": make([]byte, BlockSize)}
	for _, xid := range committed {
		files["pg_xact/0000"][xid/4] |= xactCommitted << (xid % 4 * 2)
	}
	offsets, members := make([]byte, BlockSize), make([]byte, BlockSize)
	at := uint32(1)
	for id := uint32(1); id < next; id++ {
		binary.LittleEndian.PutUint32(offsets[id*4:], at)
		for _, m := range multis[id] {
			group := members[at/4*20:]
			group[at%4] = byte(m[1])
			binary.LittleEndian.PutUint32(group[4+at%4*4:], m[0])
			at++
		}
	}
	files["pg_multixact/offsets/0000"], files["pg_multixact/members/0000"] = offsets, members
	c := &Control{CheckpointCopy: Checkpoint{NextMulti: next, NextMultiOffset: at}}
	return NewXacts(c, func(name string, b []byte, off int64) error {
		if f := files[name]; off+int64(len(b)) <= int64(len(f)) {
			copy(b, f[off:])
			return nil
		}
		return io.ErrUnexpectedEOF
	})
}

func TestLiveness(t *testing.T) {
	t.Parallel()
	const keyShare, update = 0, 5 // MultiXactStatus
	x := xactsOf([]uint32{10, 11}, map[uint32][][2]uint32{
		1: {{20, keyShare}, {21, keyShare}},
		2: {{20, keyShare}, {11, update}},
		3: {{20, keyShare}, {30, update}},
		4: {{11, keyShare}},
	}, 5)
	const far = 5 << 20 // its page of pg_xact is not there
	for name, test := range map[string]struct {
		tuple Tuple
		want  Liveness
	}{
		"Committed":              {tupleOf(10, 0, heapXmaxInvalid), Live},
		"CommittedByHint":        {tupleOf(30, 0, heapXminCommitted|heapXmaxInvalid), Live},
		"Frozen":                 {tupleOf(far, 0, heapXminFrozen|heapXmaxInvalid), Live},
		"OfInitdb":               {tupleOf(bootstrapXID, 0, heapXmaxInvalid), Live},
		"NotCommitted":           {tupleOf(30, 0, heapXmaxInvalid), Dead},
		"AbortedByHint":          {tupleOf(10, 0, heapXminInvalid|heapXmaxInvalid), Dead},
		"NoTransaction":          {tupleOf(0, 0, heapXmaxInvalid), Dead},
		"Unknown":                {tupleOf(far, 0, heapXmaxInvalid), Uncertain},
		"Deleted":                {tupleOf(10, 11, 0), Dead},
		"DeletedByHint":          {tupleOf(10, 30, heapXmaxCommitted), Dead},
		"DeletedInVain":          {tupleOf(10, 30, 0), Live},
		"DeletedByUnknown":       {tupleOf(10, far, 0), Uncertain},
		"UnknownAndDeleted":      {tupleOf(far, 11, 0), Dead},
		"Locked":                 {tupleOf(10, 11, heapXmaxLockOnly|heapXmaxExclLock), Live},
		"LockedOldStyle":         {tupleOf(10, 11, heapXmaxExclLock), Live},
		"LockedBySeveral":        {tupleOf(10, 1, heapXmaxIsMulti), Live},
		"LockedAndChanged":       {tupleOf(10, 2, heapXmaxIsMulti), Dead},
		"LockedChangedInVain":    {tupleOf(10, 3, heapXmaxIsMulti), Live},
		"LastMultixact":          {tupleOf(10, 4, heapXmaxIsMulti), Live},
		"MultixactOfTheFuture":   {tupleOf(10, 900, heapXmaxIsMulti), Uncertain},
		"MultixactNotThere":      {tupleOf(10, 1<<30, heapXmaxIsMulti), Uncertain},
		"MultixactOnlyLocked":    {tupleOf(10, 1<<30, heapXmaxIsMulti|heapXmaxLockOnly), Live},
		"MultixactInvalidAnyway": {tupleOf(10, 1<<30, heapXmaxIsMulti|heapXmaxInvalid), Live},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, test.tuple.Liveness(x))
		})
	}
}

func FuzzPage(f *testing.F) {
	var layouts []*Layout
	for major := 16; major <= 18; major++ {
		c := CatalogsOf(major)
		layouts = append(layouts, c.Class, c.Database, c.AuthID, c.Tablespace, c.Namespace, c.Extension, c.Index)
	}
	// Pages are mostly zeros, so only their ends are given.
	p := heapPage(tupleOf(3, 4, heapXmaxIsMulti), tupleOf(5, 0, heapHasNull), append(tupleOf(3, 0, 0), make([]byte, 300)...))
	for n := range layouts {
		f.Add([]byte(p[:64]), []byte(p[7600:]), uint8(n), true)
	}
	f.Add([]byte{}, []byte{}, uint8(0), false)
	x := xactsOf([]uint32{3}, map[uint32][][2]uint32{1: {{3, 5}}}, 2)
	f.Fuzz(func(t *testing.T, head, tail []byte, which uint8, seal bool) {
		p := make(Page, BlockSize)
		copy(p, head)
		copy(p[max(0, BlockSize-len(tail)):], tail)
		if seal {
			p.seal(7)
		}
		_ = p.Verify(7, seal)
		_ = p.LSN()
		l := layouts[int(which)%len(layouts)]
		n := 0
		for tuple := range p.Tuples() {
			n++
			tuple.Liveness(x)
			decodeAll(l, tuple)
			// and as if it had as many attributes
			full := slices.Clone(tuple)
			binary.LittleEndian.PutUint16(full[18:], uint16(l.natts))
			decodeAll(l, full)
		}
		require.LessOrEqual(t, n, BlockSize/4)
		newRedoPage(p, 1)
	})
}

func decodeAll(l *Layout, t Tuple) {
	row, ok := l.Decode(t)
	if !ok {
		return
	}
	for _, c := range l.columns {
		_, _, _, _, _, _ = row.Uint32(c.name), row.Int16(c.name), row.Float32(c.name), row.Bool(c.name), row.Name(c.name), row.Text(c.name)
	}
}

func BenchmarkPageChecksum(b *testing.B) {
	p := heapPage(tupleOf(3, 0, 0))
	b.SetBytes(BlockSize)
	for b.Loop() {
		PageChecksum(p, 1)
	}
}
