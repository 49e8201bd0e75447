package pglite_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"os/user"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func (a authority) sign(t *testing.T, name pkix.Name) tls.Certificate {
	t.Helper()
	key := newKey(t)
	serial, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: name, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// What the functions and views say of the client was said by PostgreSQL 18.4 too, with OpenSSL 3 and the same certificates.
func TestClientIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, pglite.Config{})
	ca := newAuthority(t)
	ada := ca.sign(t, pkix.Name{Country: []string{"DE"}, Organization: []string{"Big, Corp"}, CommonName: "ada"})
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t)}, ClientCAs: ca.pool(), ClientAuth: tls.VerifyClientCertIfGiven},
	})
	local := serve(t, db, "unix", filepath.Join(t.TempDir(), ".s.PGSQL.5432"), pglite.ServeConfig{})
	for _, tt := range []struct {
		name    string
		cfg     *pgx.ConnConfig
		cert    *tls.Certificate
		version uint16
		server  string
		ssl     string
	}{
		{"Plain", clientConfig(t, addr, "sslmode=disable"), nil, 0, addr.String(), "f|||||||"},
		{"TLS13", clientConfig(t, addr, "sslmode=require"), nil, tls.VersionTLS13, addr.String(), "t|TLSv1.3|TLS_AES_128_GCM_SHA256|128||||"},
		{"TLS12", clientConfig(t, addr, "sslmode=require"), nil, tls.VersionTLS12, addr.String(), "t|TLSv1.2|ECDHE-ECDSA-AES128-GCM-SHA256|128||||"},
		{
			"Certificate", clientConfig(t, addr, "sslmode=require"), &ada, tls.VersionTLS13, addr.String(),
			`t|TLSv1.3|TLS_AES_128_GCM_SHA256|128|/C=DE/O=Big\, Corp/CN=ada|123456789012345678901234567890|/CN=Test CA|`,
		},
		{"Local", clientConfig(t, local, ""), nil, 0, "", "f|||||||"},
		{"InMemory", db.ConnConfig(), nil, 0, "", "f|||||||"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.version != 0 {
				tt.cfg.TLSConfig.MinVersion, tt.cfg.TLSConfig.MaxVersion = tt.version, tt.version
			}
			if tt.cert != nil {
				tt.cfg.TLSConfig.Certificates = []tls.Certificate{*tt.cert}
			}
			conn, err := pgx.ConnectConfig(ctx, tt.cfg)
			require.NoError(t, err)
			defer conn.Close(ctx)
			var server, ssl string
			require.NoError(t, conn.QueryRow(ctx, `SELECT coalesce(host(inet_server_addr()) || ':' || inet_server_port(), ''),
				concat_ws('|', ssl, coalesce(version, ''), coalesce(cipher, ''), coalesce(bits::text, ''), coalesce(client_dn, ''),
				coalesce(client_serial::text, ''), coalesce(issuer_dn, ''), '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()`).Scan(&server, &ssl))
			require.Equal(t, tt.server, server)
			require.Equal(t, tt.ssl, ssl)
			require.Equal(t, ssl != "f|||||||", query[bool](t, db, "SELECT ssl FROM pg_stat_ssl WHERE pid = $1", conn.PgConn().PID()), "others see it too")
		})
	}
}

// Rules that go by TLS and certificates. PostgreSQL 18.4 refuses in the same words.
func TestRulesAboutTLS(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	db := open(t, pglite.Config{
		HBA: `local all all trust
			hostssl all encrypted all trust
			hostnossl all plain all trust
			hostssl all ca all trust clientcert=verify-ca
			hostssl all ada all trust clientcert=verify-full
			hostssl all cert all cert map=people
			hostssl all dn all cert clientname=DN map=people`,
	})
	exec(t, db, "DO $$ DECLARE r text; BEGIN FOREACH r IN ARRAY '{encrypted,plain,ca,ada,cert,dn}'::text[] LOOP EXECUTE 'CREATE ROLE ' || r || ' LOGIN'; END LOOP; END $$")
	require.Equal(t, 0, query[int](t, db, "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL"))
	exec(t, db, `COPY (VALUES ('people ada cert'), ('people "/^CN=ada,O=Big.*Corp$" dn')) TO '/pglite/data/pg_ident.conf'`)
	require.NoError(t, db.Reload(t.Context()))
	shown := &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	asking := shown.Clone()
	asking.ClientCAs, asking.ClientAuth = ca.pool(), tls.VerifyClientCertIfGiven
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{TLS: asking})
	unasking := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{TLS: shown})
	ada := ca.sign(t, pkix.Name{Organization: []string{"Big, Corp"}, CommonName: "ada"})
	bob := ca.sign(t, pkix.Name{CommonName: "bob"})
	nameless := ca.sign(t, pkix.Name{Organization: []string{"ada"}})
	stranger := other.sign(t, pkix.Name{CommonName: "ada"})
	const (
		invalid = "28000"
		none    = "connection requires a valid client certificate"
		differs = `"trust" authentication failed for user "ada"`
		failed  = `certificate authentication failed for user`
	)
	for _, tt := range []struct {
		name  string
		to    net.Addr
		role  string
		plain bool
		cert  *tls.Certificate
		code  string
		says  string
	}{
		{"HostSSL", addr, "encrypted", false, nil, "", ""},
		{"HostSSLPlain", addr, "encrypted", true, nil, invalid, `no pg_hba.conf entry for host "127.0.0.1", user "encrypted", database "postgres", no encryption`},
		{"HostNoSSL", addr, "plain", true, nil, "", ""},
		{"HostNoSSLEncrypted", addr, "plain", false, nil, invalid, `no pg_hba.conf entry for host "127.0.0.1", user "plain", database "postgres", SSL encryption`},
		{"VerifyCA", addr, "ca", false, &bob, "", ""},
		{"VerifyCANone", addr, "ca", false, nil, invalid, none},
		{"VerifyCANotAsked", unasking, "ca", false, &bob, "F0000", "client certificates can only be checked if a root certificate store is available"},
		{"VerifyFull", addr, "ada", false, &ada, "", ""},
		{"VerifyFullOther", addr, "ada", false, &bob, invalid, differs},
		{"VerifyFullNameless", addr, "ada", false, &nameless, invalid, differs},
		{"VerifyFullNone", addr, "ada", false, nil, invalid, none},
		{"Cert", addr, "cert", false, &ada, "", ""},
		{"CertOther", addr, "cert", false, &bob, invalid, failed},
		{"CertNameless", addr, "cert", false, &nameless, invalid, failed},
		{"CertNone", addr, "cert", false, nil, invalid, none},
		{"DN", addr, "dn", false, &ada, "", ""},
		{"DNOther", addr, "dn", false, &bob, invalid, failed},
		{"Stranger", addr, "encrypted", false, &stranger, "", "tls"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mode := "sslmode=require"
			if tt.plain {
				mode = "sslmode=disable"
			}
			cfg := clientConfig(t, tt.to, mode)
			cfg.User = tt.role
			if tt.cert != nil {
				cfg.TLSConfig.Certificates = []tls.Certificate{*tt.cert}
			}
			conn, err := pgx.ConnectConfig(t.Context(), cfg)
			if tt.says != "" {
				require.ErrorContains(t, err, tt.says)
				if pg := (*pgconn.PgError)(nil); tt.code != "" {
					require.ErrorAs(t, err, &pg)
					require.Equal(t, tt.code, pg.Code)
				}
				return
			}
			require.NoError(t, err)
			defer conn.Close(context.Background())
			var who *string
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT system_user").Scan(&who))
			switch tt.role {
			case "cert", "dn":
				require.Equal(t, `cert:CN=ada,O=Big\, Corp`, *who)
			default:
				require.Nil(t, who)
			}
		})
	}
}

// A line with the method cert has to be hostssl.
func TestCertNeedsHostSSL(t *testing.T) {
	t.Parallel()
	needGuest(t)
	_, err := pglite.OpenConfig(t.Context(), pglite.Config{HBA: "host all all all cert\n"})
	require.ErrorContains(t, err, "could not load")
	db := open(t, pglite.Config{})
	exec(t, db, `COPY (VALUES ('local all all trust'), ('host all all all cert')) TO '/pglite/data/pg_hba.conf'`)
	require.Equal(t, "cert authentication is only supported on hostssl connections", query[string](t, db, "SELECT error FROM pg_hba_file_rules WHERE error IS NOT NULL"))
}

// With channel binding a password is of no use to whoever sits between client and server.
func TestChannelBinding(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{HBA: scram})
	exec(t, db, "CREATE ROLE alice LOGIN PASSWORD 'open sesame'")
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t)}}, RequireTLS: true})
	const alice = "user=alice password='open sesame' sslmode=require channel_binding="
	for _, binding := range []string{"require", "prefer", "disable"} {
		conn, err := pgx.ConnectConfig(t.Context(), clientConfig(t, addr, alice+binding))
		require.NoError(t, err, binding)
		require.NoError(t, conn.Close(t.Context()))
	}
	between := intercept(t, addr)
	_, err := pgx.ConnectConfig(t.Context(), clientConfig(t, between, alice+"disable"))
	require.NoError(t, err, "nobody notices")
	_, err = pgx.ConnectConfig(t.Context(), clientConfig(t, between, alice+"require"))
	requirePgError(t, err, "28000", "SCRAM channel binding check failed")

	// Somebody in between may also hide that the server can do it.
	raw := startTLS(t, addr)
	front := pgproto3.NewFrontend(raw, raw)
	front.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "alice"}})
	require.NoError(t, front.Flush())
	m, err := front.Receive()
	require.NoError(t, err)
	require.Equal(t, []string{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}, m.(*pgproto3.AuthenticationSASL).AuthMechanisms)
	front.Send(&pgproto3.SASLInitialResponse{AuthMechanism: "SCRAM-SHA-256", Data: []byte("y,,n=,r=nonce")})
	require.NoError(t, front.Flush())
	m, err = front.Receive()
	require.NoError(t, err)
	require.Equal(t, "SCRAM channel binding negotiation error", m.(*pgproto3.ErrorResponse).Message)
}

func requirePgError(t *testing.T, err error, code, message string) {
	t.Helper()
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, []string{code, message}, []string{pg.Code, pg.Message})
}

// sslRequest is how a client asks for TLS.
var sslRequest = []byte{0, 0, 0, 8, 4, 210, 22, 47}

// startTLS connects to a server with TLS, whatever its certificate.
func startTLS(t *testing.T, addr net.Addr) *tls.Conn {
	t.Helper()
	conn, err := net.Dial(addr.Network(), addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = conn.Write(sslRequest)
	require.NoError(t, err)
	answer := make([]byte, 1)
	_, err = io.ReadFull(conn, answer)
	require.NoError(t, err)
	require.Equal(t, "S", string(answer))
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
}

// intercept listens for clients, shows them a certificate of its own, and passes on what they say to a server.
func intercept(t *testing.T, server net.Addr) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	shown := &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			request := make([]byte, len(sslRequest))
			if _, err := io.ReadFull(client, request); err != nil || !bytes.Equal(request, sslRequest) {
				client.Close()
				continue
			}
			_, _ = client.Write([]byte("S"))
			in, out := tls.Server(client, shown), startTLS(t, server)
			go func() { _, _ = io.Copy(out, in); out.Close() }()
			go func() { _, _ = io.Copy(in, out); in.Close() }()
		}
	}()
	return l.Addr()
}

// The user at the other end of a local connection, which in memory is this program's own.
func TestPeerAuthentication(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("the system does not tell who is at the other end of a socket")
	}
	me, err := user.Current()
	require.NoError(t, err)
	db := open(t, pglite.Config{})
	exec(t, db, "CREATE ROLE me LOGIN; CREATE ROLE other LOGIN")
	exec(t, db, `COPY (VALUES ('os `+me.Username+` me')) TO '/pglite/data/pg_ident.conf'`)
	exec(t, db, `COPY (VALUES ('local all postgres trust'), ('local all all peer map=os')) TO '/pglite/data/pg_hba.conf'`)
	require.NoError(t, db.Reload(t.Context()))
	local := serve(t, db, "unix", filepath.Join(t.TempDir(), ".s.PGSQL.5432"), pglite.ServeConfig{})
	for name, cfg := range map[string]*pgx.ConnConfig{"socket": clientConfig(t, local, ""), "memory": db.ConnConfig()} {
		cfg.User = "me"
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		require.NoError(t, err, name)
		var who string
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT system_user").Scan(&who))
		require.Equal(t, "peer:"+me.Username, who, name)
		require.NoError(t, conn.Close(t.Context()))
		cfg.User = "other"
		_, err = pgx.ConnectConfig(t.Context(), cfg)
		requirePgError(t, err, "28000", `Peer authentication failed for user "other"`)
	}
}

// Rules that go by the addresses of this machine, and by names.
func TestRulesAboutHosts(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{
		HBA: `local all all trust
			host all here samehost trust
			host all near samenet trust
			host all named localhost trust
			host all far .example.org trust`,
		Settings: map[string]string{"log_hostname": "on"},
	})
	exec(t, db, "CREATE ROLE here LOGIN; CREATE ROLE near LOGIN; CREATE ROLE named LOGIN; CREATE ROLE far LOGIN")
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{})
	connect := func(role string) (*pgx.Conn, error) {
		cfg := clientConfig(t, addr, "sslmode=disable")
		cfg.User = role
		return pgx.ConnectConfig(t.Context(), cfg)
	}
	roles := []string{"here", "near"}
	if names, err := net.LookupAddr("127.0.0.1"); err == nil && names[0] == "localhost" { // as this machine has it
		roles = append(roles, "named")
	}
	for _, role := range roles {
		conn, err := connect(role)
		require.NoError(t, err, role)
		if role == "named" {
			require.Equal(t, "localhost", query[string](t, db, "SELECT client_hostname FROM pg_stat_activity WHERE pid = $1", conn.PgConn().PID()))
		}
		require.NoError(t, conn.Close(t.Context()))
	}
	_, err := connect("far")
	requirePgError(t, err, "28000", `no pg_hba.conf entry for host "127.0.0.1", user "far", database "postgres", no encryption`)
}
