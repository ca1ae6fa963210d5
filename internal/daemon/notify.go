package daemon

import (
	"net"
	"os"
	"strconv"
	"time"
)

// Notifier reports the state of a service of Type=notify to systemd, by
// sd_notify(3). A nil Notifier does nothing.
type Notifier struct {
	socket   string
	watchdog time.Duration
	send     func(message string) // of tests; nil: to the socket
}

// NewNotifier reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from an
// environment. It returns nil without a socket.
func NewNotifier(lookupEnv func(string) (string, bool)) *Notifier {
	socket, _ := lookupEnv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	n := &Notifier{socket: socket}
	usec, _ := lookupEnv("WATCHDOG_USEC")
	pid, set := lookupEnv("WATCHDOG_PID")
	if us, err := strconv.ParseInt(usec, 10, 64); err == nil && us > 0 && (!set || pid == strconv.Itoa(os.Getpid())) {
		n.watchdog = time.Duration(us) * time.Microsecond
	}
	return n
}

// NotifyVariables are the variables that child processes must not inherit, so that they
// send nothing in the name of the service.
func NotifyVariables() []string { return []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} }

// Watchdog returns the longest time between two WATCHDOG=1 messages, or 0 if systemd
// expects none.
func (n *Notifier) Watchdog() time.Duration {
	if n == nil {
		return 0
	}
	return n.watchdog
}

// Send sends one message. It ignores errors: the daemon can do nothing about them.
func (n *Notifier) Send(message string) {
	if n == nil {
		return
	}
	if n.send != nil {
		n.send(message)
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte(message))
	_ = conn.Close()
}

// Reloading sends the message that Type=notify-reload expects before a reload. READY=1
// ends the reload.
func (n *Notifier) Reloading() {
	message := "RELOADING=1"
	if us := monotonic(); us > 0 {
		message += "\nMONOTONIC_USEC=" + strconv.FormatInt(us, 10)
	}
	n.Send(message)
}
