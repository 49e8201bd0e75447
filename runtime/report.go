package runtime

// Error levels (elog.h).
const (
	levelLog   = 15
	levelError = 21
	levelFatal = 22
)

// A report is what ereport(3) of the guest is told: a message to the server
// log and, depending on the level, to the client.
type report struct {
	level   uint32
	code    string // the SQLSTATE; "" is the level's default
	message string
	detail  string // "" is none, like the following
	hint    string
	context string
}

// ereport is PostgreSQL's ereport. From levelError on it does not return: the
// guest jumps to whoever catches errors, or exits.
func (p *process) ereport(r report) {
	if p.must("errstart", uint64(r.level), 0)&1 == 0 {
		return // nobody wants to know
	}
	if r.code != "" {
		p.must("errcode", uint64(makeSQLState(r.code)))
	}
	p.format("errmsg", r.message)
	p.format("errdetail", r.detail)
	p.format("errhint", r.hint)
	p.format("errcontext_msg", r.context)
	file, function := p.guest.NewString("calf"), p.guest.NewString("host")
	p.must("errfinish", uint64(file), 0, uint64(function))
	if r.level >= levelError {
		panic("BUG: errfinish returned")
	}
	p.must("free", uint64(file))
	p.must("free", uint64(function))
}

// format calls a function of elog.c that takes a format, unless text is empty.
func (p *process) format(function, text string) {
	if text == "" {
		return
	}
	g := p.guest
	format, arg, args := g.NewString("%s"), g.NewString(text), g.Malloc(4)
	g.Store32(args, arg)
	p.must(function, uint64(format), uint64(args))
	for _, a := range []uint32{format, arg, args} {
		p.must("free", uint64(a))
	}
}

// must calls a function of the guest from within a hook. What unwinds the guest
// goes on doing so.
func (p *process) must(function string, args ...uint64) uint64 {
	v, err := p.guest.Call(function, args...)
	if err != nil {
		panic(err)
	}
	return v
}

// caught calls f, which calls must, from outside of a hook.
func caught(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

// makeSQLState is MAKE_SQLSTATE (elog.h): six bits for each character.
func makeSQLState(code string) (v uint32) {
	for i := range len(code) {
		v |= uint32(code[i]-'0') & 0x3f << (6 * i)
	}
	return v
}
