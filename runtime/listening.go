package runtime

import (
	"cmp"
	"context"
	"os"
	"strconv"
	"strings"
)

// Listening says where the clients of a cluster come from, for what PostgreSQL
// shows of it: the cluster itself listens nowhere.
type Listening struct {
	// Addresses are listen_addresses, Directories unix_socket_directories, and
	// Port is port; 0 means 5432.
	Addresses, Directories []string
	Port                   int
	// TLS is ssl: clients may use it.
	TLS bool
}

// SetListening sets what new sessions see of where their clients come from:
// listen_addresses, port, unix_socket_directories and ssl.
func (c *Cluster) SetListening(ctx context.Context, l Listening) error {
	c.mu.Lock()
	c.listening = l
	c.mu.Unlock()
	return c.inPostmaster(ctx, func(pm *postmaster) error {
		return pm.locked(func() error {
			pm.showListening()
			pm.writePIDFile()
			return pm.refreeze()
		})
	})
}

// listens returns what SetListening has set, with defaults.
func (c *Cluster) listens() Listening {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.listening
	l.Port = cmp.Or(l.Port, defaultPort)
	return l
}

// configVariable is the offset of the variable's address in the struct of any
// configuration parameter (guc_tables.h).
const configVariable = 92

// showListening sets the parameters, which the check hooks and the postmaster's
// start forbid. It is called with the turn.
func (pm *postmaster) showListening() {
	g := pm.proc.guest
	l := pm.c.listens()
	if port := pm.variable("port"); g.Load32(port) == pm.shownPort {
		g.Store32(port, uint32(l.Port)) // else it is what the settings say
		pm.shownPort = uint32(l.Port)
	}
	tls := g.Bytes(pm.variable("ssl"), 1)
	tls[0] = 0
	if l.TLS {
		tls[0] = 1
	}
	for name, list := range map[string][]string{"listen_addresses": l.Addresses, "unix_socket_directories": l.Directories} {
		s := g.NewString(strings.Join(list, ", ")) // the former one may be PostgreSQL's, and stays
		g.Store32(pm.variable(name), s)
	}
}

// variable returns the address of a parameter's variable.
func (pm *postmaster) variable(parameter string) uint32 {
	g := pm.proc.guest
	return g.Load32(g.Address("config_"+parameter) + configVariable)
}

// defaultPort is DEF_PGPORT.
const defaultPort = 5432

// Lines of postmaster.pid (utils/pidfile.h) that the guest cannot write.
const (
	pidLinePID       = 0
	pidLinePort      = 3
	pidLineSocketDir = 4
	pidLineListen    = 5
	pidLineStatus    = 7
)

// writePIDFile completes postmaster.pid when the cluster accepts connections.
// The process in it is this program: the guest's number may be that of any
// process of the machine, to which pg_ctl would send signals. The file is
// informative, so that a failure does not matter. It is called with the turn.
func (pm *postmaster) writePIDFile() {
	const path = DataPath + "/postmaster.pid"
	b, err := pm.c.fs.ReadFile(path)
	lines := strings.Split(string(b), "\n")
	if err != nil || len(lines) <= pidLineStatus {
		return
	}
	l := pm.c.listens()
	first := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return list[0]
	}
	lines[pidLinePID] = strconv.Itoa(os.Getpid())
	lines[pidLinePort] = strconv.Itoa(int(pm.proc.guest.Load32(pm.variable("port"))))
	lines[pidLineSocketDir], lines[pidLineListen] = first(l.Directories), first(l.Addresses)
	lines[pidLineStatus] = "ready   "
	_ = pm.c.fs.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600)
}
