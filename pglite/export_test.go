package pglite

// WithCopiedMemory returns a configuration for a database that works as on
// systems that cannot map memory copy-on-write.
func (c Config) WithCopiedMemory() Config {
	c.copyMemory = true
	return c
}
