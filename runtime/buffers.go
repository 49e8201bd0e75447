package runtime

// Layout of BufferDesc (PostgreSQL 18, buf_internals.h): a page's place, the
// number of the buffer and its state, which is 0 if nobody uses the buffer.
const (
	bufferDescSize  = 64
	bufferDescState = 24
	bufferSize      = 8192
)

// manyBuffers is how many bytes a file loses before it is worth a look at all
// buffers, which takes some 50 µs.
const manyBuffers = 1 << 20

// Cut is told of files that have become shorter. PostgreSQL has given up the
// buffers of their pages before.
func (p *process) Cut(n int64) {
	if n >= manyBuffers {
		p.discardBuffers()
	}
}

// discardBuffers gives the memory of the shared buffers that hold no page back to
// the system. PostgreSQL, which has taken it for good, keeps what they held until
// it uses them again. The process has the turn.
func (p *process) discardBuffers() {
	g := p.guest
	addresses := g.Address("BufferDescriptors")
	if addresses == 0 { // initdb has no such thing
		return
	}
	descs, blocks, n := g.Load32(addresses), g.Load32(g.Address("BufferBlocks")), g.Load32(g.Address("NBuffers"))
	for i := uint32(0); i < n; i++ {
		first := i
		for i < n && g.Load32(descs+i*bufferDescSize+bufferDescState) == 0 {
			i++
		}
		if i > first {
			g.Mem.Discard(uint64(blocks)+uint64(first)*bufferSize, uint64(i-first)*bufferSize)
		}
	}
}
