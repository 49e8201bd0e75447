package link

import "testing"

// FuzzSection replaces one section of a sample, so that the sizes around it
// are right and the interesting code behind them is reached more often.
func FuzzSection(f *testing.F) {
	var whole [][]byte
	for _, bin := range [][]byte{everything(), artifact(), library(), program()} {
		whole = append(whole, bin)
		for _, s := range sections(bin) {
			f.Add(byte(len(whole)-1), s.id, s.payload)
		}
	}
	f.Fuzz(func(t *testing.T, sample, id byte, payload []byte) {
		out := wasm()
		for _, s := range sections(whole[int(sample)%len(whole)]) {
			if s.id == id {
				s.payload = payload
			}
			out = append(out, secOf(s.id, s.payload)...)
		}
		m, err := parse(out)
		if err != nil {
			return
		}
		requireStable(t, m)
		_, _ = Side(out, provided)
		_, _, _ = Program(out, "")
		facts := artifactFacts()
		_, _ = facts.link(out, false)
	})
}

type section struct {
	id      byte
	payload []byte
}

// sections takes a valid module apart.
func sections(bin []byte) (list []section) {
	for r := (reader{b: bin, pos: 8}); r.more(); {
		id := r.byte()
		list = append(list, section{id, r.bytes(r.u32())})
	}
	return list
}
