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
		f, ok := m.export(kindFunc, seam.name)
		if ok && hooked[f] != "" {
			return nil, nil, fmt.Errorf("link: %s and %s are one function", hooked[f], seam.name)
		}
		hooked[f] = seam.name
		if err := m.replaceExport(seam.name, seam.hook, hooks[seam.hook-hookBase]); err != nil {
			return nil, nil, fmt.Errorf("link: %w", err)
		}
	}
	if err := m.addImports(Hooks, hooks); err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	if err := m.addDynCalls(); err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	if wasm, imports, err = m.finish(); err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	return wasm, imports, nil
}
