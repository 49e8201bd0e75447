package link

import "fmt"

// Program links a program of PGlite that is not PostgreSQL itself, such as
// initdb: what it runs through the shell goes to the hooks system, popen and
// pclose. suffix is appended to the names of the other modules that it imports
// from, so that the host can provide them apart from those of PostgreSQL.
func Program(artifact []byte, suffix string) (wasm []byte, imports []Import, err error) {
	m, err := parse(artifact)
	if err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	for i := range m.imports {
		m.imports[i].module += suffix
	}
	hooked := map[uint32]string{}
	for _, seam := range []struct {
		name string
		hook uint32
	}{{"pgl_system", hookSystem}, {"pgl_popen", hookPopen}, {"pgl_pclose", hookPclose}} {
		name, hook := seam.name, seam.hook
		f, ok := m.export(kindFunc, name)
		if !ok {
			return nil, nil, fmt.Errorf("link: program does not export %s", name)
		}
		if hooked[f] != "" {
			return nil, nil, fmt.Errorf("link: %s and %s are one function", hooked[f], name)
		}
		hooked[f] = name
		body, err := m.body(f)
		if err != nil {
			return nil, nil, fmt.Errorf("link: %s: %w", name, err)
		}
		t, err := m.funcType(f)
		if err != nil {
			return nil, nil, fmt.Errorf("link: %s: %w", name, err)
		}
		want := hooks[hook-hookBase]
		if !t.equal(signature(want.params, want.results)) {
			return nil, nil, fmt.Errorf("link: %s has an unexpected type", name)
		}
		*body = append(append([]byte{0}, forward(hook, byte(len(t.params)))...), opEnd)
	}
	if err := m.addImports(Hooks, hooks); err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	if err := m.addDynCalls(); err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	return m.encode(), m.functionImports(), nil
}
