package job

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// ErrOwner reports an owner or group that does not exist on this machine.
var ErrOwner = errors.New("unknown owner or group")

// Keep is the id of a file whose owner is not configured: an existing file keeps its
// owner, and a new one belongs to the process.
const Keep = -1

// LookupOwner resolves a file's owner and group to ids; an empty name gives Keep.
// Numbers are ids. Names that are not in /etc/passwd and /etc/group are resolved by
// getent(1), because a static binary cannot load the machine's name services (LDAP,
// SSSD).
func LookupOwner(ctx context.Context, owner, group string) (uid, gid int, err error) {
	uid, errU := lookupID(ctx, "passwd", owner, func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	gid, errG := lookupID(ctx, "group", group, func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	return uid, gid, errors.Join(errU, errG)
}

func lookupID(ctx context.Context, database, name string, local func(string) (string, error)) (int, error) {
	if name == "" {
		return Keep, nil
	}
	if id, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(id), nil
	}
	if isNumber(name) {
		return Keep, fmt.Errorf("%w: %q is not an id of 31 bits", ErrOwner, name)
	}
	id, err := local(name)
	if err != nil {
		id, err = getent(ctx, database, name)
	}
	if err != nil {
		return Keep, err
	}
	n, err := strconv.Atoi(id)
	if err != nil {
		return Keep, fmt.Errorf("%w: %s %q has the id %q", ErrOwner, database, name, id)
	}
	return n, nil
}

// isNumber reports whether getent reads name as a number. It reads numbers modulo
// 2^32, so 4294967296 and +0 would mean root.
func isNumber(name string) bool {
	digits := strings.TrimLeft(name, "+- \t")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// getent returns the third field of an entry, which is the id in both databases.
func getent(ctx context.Context, database, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "getent", "--", database, name).Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%w: %q is not in /etc/%s, and getent is not installed", ErrOwner, name, database)
	}
	fields := strings.Split(strings.TrimSpace(string(out)), ":")
	if err != nil || len(fields) < 3 {
		return "", fmt.Errorf("%w: %q", ErrOwner, name)
	}
	return fields[2], nil
}
