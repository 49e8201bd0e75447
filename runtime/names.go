package runtime

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"
)

// A backend whose client came over TCP may ask for names of hosts: for
// log_hostname, and for names in pg_hba.conf.

// lookupTimeout bounds a question to the resolver.
const lookupTimeout = 30 * time.Second

// Name returns the name of an address.
func (p *process) Name(ip netip.Addr) string {
	names := lookup(p, func(ctx context.Context) ([]string, error) {
		return net.DefaultResolver.LookupAddr(ctx, ip.Unmap().String())
	})
	if len(names) == 0 {
		return ""
	}
	return strings.TrimSuffix(names[0], ".")
}

// Hosts returns the addresses of a name.
func (p *process) Hosts(name string) []netip.Addr {
	ips := lookup(p, func(ctx context.Context) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	})
	for i := range ips {
		ips[i] = ips[i].Unmap().WithZone("")
	}
	return ips
}

// lookup asks the resolver while other processes have their turn. If the
// session is to end meanwhile, there is no answer.
func lookup[T any](p *process, ask func(context.Context) ([]T, error)) []T {
	ctx, cancel := context.WithTimeout(background, lookupTimeout)
	answer := make(chan []T, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		list, _ := ask(ctx) // an error is no answer
		answer <- list
		p.notify()
	}()
	defer func() {
		cancel()
		<-ended
	}()
	dying := p.guest.Address("ProcDiePending")
	for {
		p.deliver()
		select {
		case list := <-answer:
			return list
		default:
		}
		if p.guest.Bytes(dying, 1)[0] != 0 {
			return nil
		}
		p.park(forever)
	}
}
