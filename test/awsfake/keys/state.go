package keys

import "github.com/credrender/credrender/test/awsfake/wire"

// The states of a key that are told apart.
const (
	stateEnabled  = "Enabled"
	stateDisabled = "Disabled"
	stateDeletion = "PendingDeletion"
)

// usable refuses keys that KMS refuses for cryptography, with its words.
func (k *key) usable() error {
	switch k.state {
	case stateDisabled:
		return &wire.Error{Code: "DisabledException", Message: k.arn + " is disabled."}
	case stateDeletion:
		return &wire.Error{Code: "KMSInvalidStateException", Message: k.arn + " is pending deletion."}
	}
	return nil
}

// notDoomed refuses what a key that waits for its deletion refuses.
func (k *key) notDoomed() error {
	if k.state == stateDeletion {
		return k.usable()
	}
	return nil
}

// changing finds the key of a request that changes its state: only
// CancelKeyDeletion may change one that waits for its deletion, which is
// refused for any other
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html).
func (r *Region) changing(c *wire.Request, id string) (*key, error) {
	k, err := r.keyByID(id)
	if err == nil {
		err = r.authorize(c, k, c.Operation, nil, nil)
	}
	if err == nil {
		err = k.notDoomed()
	}
	return k, err
}

type enableRotation struct{ onKey }

func (e *enableRotation) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.changing(c, e.KeyID)
	if err == nil {
		err = k.usable()
	}
	if err != nil {
		return nil, err
	}
	k.rotation = true
	return map[string]any{}, nil
}

type rotationStatus struct{ onKey }

func (s *rotationStatus) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.keyByID(s.KeyID)
	if err == nil {
		err = r.authorize(c, k, "GetKeyRotationStatus", nil, nil)
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyRotationEnabled": k.rotation}, nil
}

type enableKey struct{ onKey }

func (e *enableKey) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.changing(c, e.KeyID)
	if err != nil {
		return nil, err
	}
	k.state = stateEnabled
	return map[string]any{}, nil
}

type disableKey struct{ onKey }

func (d *disableKey) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.changing(c, d.KeyID)
	if err != nil {
		return nil, err
	}
	k.state = stateDisabled
	return map[string]any{}, nil
}

type scheduleDeletion struct {
	onKey
	PendingWindowInDays *int
}

func (s *scheduleDeletion) run(r *Region, c *wire.Request) (any, error) {
	days := 30
	if s.PendingWindowInDays != nil {
		days = *s.PendingWindowInDays
	}
	if days < 7 || days > 30 {
		return nil, wire.Invalid("PendingWindowInDays must be between 7 and 30")
	}
	k, err := r.changing(c, s.KeyID)
	if err != nil {
		return nil, err
	}
	k.state, k.deletion = stateDeletion, r.opts.Now().AddDate(0, 0, days)
	return map[string]any{"KeyId": k.arn, "KeyState": k.state, "DeletionDate": seconds(k.deletion), "PendingWindowInDays": days}, nil
}

type cancelDeletion struct{ onKey }

// run leaves the key disabled, as KMS does.
func (d *cancelDeletion) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.keyByID(d.KeyID)
	if err == nil {
		err = r.authorize(c, k, "CancelKeyDeletion", nil, nil)
	}
	if err != nil {
		return nil, err
	}
	if k.state != stateDeletion {
		return nil, &wire.Error{Code: "KMSInvalidStateException", Message: k.arn + " is not pending deletion."}
	}
	k.state = stateDisabled
	return map[string]any{"KeyId": k.arn}, nil
}
