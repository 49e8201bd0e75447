package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
)

// certificates are the files that calf serve has for TLS. They are read again
// when the database reloads its configuration, as PostgreSQL does it.
type certificates struct {
	cert, key string
	ca        string // of clients, or ""

	current atomic.Pointer[tls.Config]
}

// load reads the files. If that fails, what was read before stays.
func (c *certificates) load() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if c.ca != "" {
		pem, err := os.ReadFile(c.ca)
		if err != nil {
			return fmt.Errorf("reading the authorities of clients: %w", err)
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("reading the authorities of clients: %s has no certificate", c.ca)
		}
	}
	c.current.Store(config)
	return nil
}

// config returns a configuration that goes by what was read last.
func (c *certificates) config() *tls.Config {
	return &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil }}
}

// reload is load for a server that runs.
func (c *certificates) reload(log *slog.Logger) {
	if err := c.load(); err != nil {
		log.Error("TLS configuration was not reloaded", "error", err)
	}
}
