package hop

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync/atomic"
)

// Domain is the zone of the endpoints with TLS.
const Domain = "hop.test"

// Outage is what a name server does in place of an answer.
type Outage string

// Outages of the name server.
const (
	NoOutage   Outage = ""
	NoSuchName Outage = "DNS: no such name"
	ServerFail Outage = "DNS: server failure"
	NoReply    Outage = "DNS: silence"
	BadReply   Outage = "DNS: garbage"
)

// NameServer answers with 127.0.0.1 for every name below [Domain].
type NameServer struct {
	Addr    string
	outage  atomic.Value // Outage
	queries atomic.Int64
	conn    net.PacketConn
}

// NewNameServer returns a running name server on UDP. The caller closes it.
func NewNameServer() (*NameServer, error) {
	c, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &NameServer{Addr: c.LocalAddr().String(), conn: c}
	n.Set(NoOutage)
	go n.serve()
	return n, nil
}

// Set begins an outage, or ends it, and forgets the queries.
func (n *NameServer) Set(o Outage) {
	n.outage.Store(o)
	n.queries.Store(0)
}

// Queries returns how many queries arrived since Set.
func (n *NameServer) Queries() int { return int(n.queries.Load()) }

// Close ends it.
func (n *NameServer) Close() { _ = n.conn.Close() }

func (n *NameServer) serve() {
	buf := make([]byte, 1500)
	for {
		length, from, err := n.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if length < 17 {
			continue
		}
		n.queries.Add(1)
		if reply := n.reply(buf[:length]); reply != nil {
			_, _ = n.conn.WriteTo(reply, from)
		}
	}
}

// Fields of a message (RFC 1035, 4.1).
const (
	headerLength = 12
	flagReply    = 0x8180
	serverFailed = 2
	noSuchName   = 3
	typeA        = 1
)

func (n *NameServer) reply(query []byte) []byte {
	name, end := question(query)
	if end == 0 {
		return nil
	}
	code, answers := uint16(0), []byte(nil)
	switch n.outage.Load().(Outage) {
	case NoReply:
		return nil
	case BadReply:
		return append(query[:2:2], []byte(Foreign)...)
	case NoSuchName:
		code = noSuchName
	case ServerFail:
		code = serverFailed
	case NoOutage:
		switch {
		case !strings.HasSuffix(name, Domain):
			code = noSuchName
		case binary.BigEndian.Uint16(query[end-4:]) == typeA:
			answers = []byte{0xc0, headerLength, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1}
		}
	}
	out := append([]byte(nil), query[:2]...)
	out = binary.BigEndian.AppendUint16(out, flagReply|code)
	out = append(out, 0, 1, 0, byte(len(answers)/16), 0, 0, 0, 0)
	out = append(out, query[headerLength:end]...)
	return append(out, answers...)
}

// question returns the name in a query, and where the question ends; 0: it has none.
func question(query []byte) (name string, end int) {
	var labels []string
	at := headerLength
	for at < len(query) && query[at] != 0 {
		length := int(query[at])
		if at+1+length > len(query) {
			return "", 0
		}
		labels = append(labels, strings.ToLower(string(query[at+1:at+1+length])))
		at += 1 + length
	}
	if at+5 > len(query) {
		return "", 0
	}
	return strings.Join(labels, "."), at + 5
}
