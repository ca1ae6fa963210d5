package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// install changes the files of one job: all, or none. On success the journal is in
// phase done, with the hook pending, until finish.
func (r *run) install(ctx context.Context, p *Plan) error {
	if err := r.admit(p); err != nil {
		return err
	}
	anew, err := r.repair(p)
	if files := append(p.files(), anew...); err == nil && len(files) > 0 {
		return r.transact(ctx, p, files)
	}
	return err
}

// repair restores modes and owners that have drifted. It returns the files in
// directories that others can write: they must be written again.
func (r *run) repair(p *Plan) (anew []txn.File, err error) {
	for i, c := range p.Changes {
		if c.Kind != job.ModeOnly {
			continue
		}
		changed, err := r.env.Disk.Repair(c.Txn())
		switch {
		case errors.Is(err, txn.ErrOthersWrite) && !c.Tolerated():
			anew = append(anew, c.Txn())
		case err != nil && !errors.Is(err, txn.ErrOthersWrite):
			return nil, fmt.Errorf("repair mode and owner: %w", err)
		case !changed:
			p.Changes[i].Kind = job.Unchanged
		}
	}
	return anew, nil
}

// stateFor opens the job's journal: in the state directory, or in memory if there is
// none and no hook could get lost.
func (r *run) stateFor(p *Plan) error {
	if p.state != nil {
		err := error(nil)
		if r.dryRun {
			err = r.env.State.Writable()
		}
		if !errors.Is(err, state.ErrNotWritable) {
			return err
		}
	}
	switch {
	case !p.Job.Hook.IsZero() && !r.o.NoHook:
		return ErrNoState
	case p.Job.Prune:
		return ErrPruneState
	}
	p.journal = txn.NewMemory()
	return nil
}

func (r *run) transact(ctx context.Context, p *Plan, files []txn.File) error {
	t, err := r.env.Disk.Prepare(ctx, p.journal, files)
	if err != nil {
		return err
	}
	if err := r.checks(ctx, p, t); err != nil {
		return errors.Join(err, t.Rollback(false))
	}
	changed := len(p.Changed()) > 0 // else only modes and owners, for which neither verify nor hook runs
	hook := changed && !p.Job.Hook.IsZero() && !r.o.NoHook
	if t.Replaceable() && !hook && (!changed || p.Job.Verify.IsZero()) {
		return t.Replace(ctx)
	}
	if err := t.Commit(ctx, hook); err != nil {
		return err
	}
	if !changed {
		return t.Done()
	}
	if err := errors.Join(r.verify(ctx, p), r.unaltered(p, t)); err != nil {
		return r.refuse(ctx, p, t, err)
	}
	return t.Done()
}

// unaltered reports the job's files that verify changed.
func (r *run) unaltered(p *Plan, t *txn.Txn) error {
	if p.Job.Verify.IsZero() {
		return nil
	}
	var errs []error
	for _, c := range p.Changes {
		err := t.Unaltered(c.File.Dest)
		if c.Kind == job.Unchanged {
			if now, _ := r.env.Disk.Stamp(c.File.Dest); now != c.Old.Stamp {
				err = txn.ErrAltered
			}
		}
		if err != nil {
			errs = append(errs, judge("verify", "", p.Job.Verify, fmt.Errorf("%w: %s", err, c.Path)))
		}
	}
	return errors.Join(errs...)
}

// validate checks the formats and key pairs.
func validate(p *Plan) error {
	data, paths := map[string][]byte{}, map[string]string{}
	var errs []error
	for _, c := range p.Changes {
		data[c.File.Dest], paths[c.File.Dest] = c.Data, c.Path
		if err := job.Validate(c.File.Format, c.Data, c.Prints); err != nil {
			errs = append(errs, &RefusedError{What: "format", Dest: c.Path, Err: err})
		}
	}
	for _, k := range p.Job.Keypairs {
		if err := job.CheckKeypair(data[k.Cert], data[k.Key]); err != nil {
			errs = append(errs, &RefusedError{What: "keypair", Dest: paths[k.Cert] + " and " + paths[k.Key], Err: err})
		}
	}
	return errors.Join(errs...)
}

// checks runs each changed file's check on its staged copy.
func (r *run) checks(ctx context.Context, p *Plan, t *txn.Txn) error {
	var errs []error
	ran := false
	for _, c := range p.Changes {
		staged := t.Staged(c.File.Dest)
		if c.File.Check.IsZero() || staged == "" || c.Kind == job.ModeOnly {
			continue
		}
		ran = true
		cmd := hook.Expand(c.File.Check, staged, c.Path)
		_, err := hook.Run(ctx, r.spec(p, cmd))
		if err == nil {
			err = t.Unaltered(c.File.Dest)
		}
		errs = append(errs, judge("check", c.Path, c.File.Check, err))
	}
	if err := errors.Join(errs...); !ran || errors.Is(err, txn.ErrAltered) {
		return err
	}
	for _, c := range p.Changes { // a check may reach the other files, and the old ones
		err := t.Unaltered(c.File.Dest)
		if now, _ := r.env.Disk.Stamp(c.File.Dest); c.Kind != job.ModeOnly && now != c.Old.Stamp {
			err = txn.ErrAltered
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("run checks: %s: %w", c.Path, err))
		}
	}
	return errors.Join(errs...)
}

func (r *run) verify(ctx context.Context, p *Plan) error {
	if p.Job.Verify.IsZero() {
		return nil
	}
	_, err := hook.Run(ctx, r.spec(p, p.Job.Verify))
	return judge("verify", "", p.Job.Verify, err)
}

// refuse restores the old files and runs verify again, to tell a bad change from a tree
// that was broken before. It records the refused set, so that the next run does not
// install it again.
func (r *run) refuse(ctx context.Context, p *Plan, t *txn.Txn, cause error) error {
	if err := t.Rollback(false); err != nil {
		return errors.Join(cause, err)
	}
	refused, ok := errors.AsType[*RefusedError](cause)
	if !ok || errors.Is(cause, txn.ErrAltered) { // it would alter the old files too
		return cause
	}
	_, broken := errors.AsType[*RefusedError](r.verify(ctx, p))
	refused.BrokenBefore = broken
	if p.state == nil {
		return refused
	}
	print := r.env.State.Fingerprint(p.set())
	return errors.Join(refused, p.state.Update(func(rec *state.Record) { rec.Refused = print }))
}

// refusedBefore reports whether the same verify command has refused the same files
// before.
func (r *run) refusedBefore(p *Plan) bool {
	if p.state == nil || r.o.Force || p.Job.Verify.IsZero() {
		return false
	}
	refused := p.state.Record().Refused
	if refused == "" {
		return false
	}
	same, known := p.state.Matches(refused, p.set())
	return same && known
}

// set encodes the job's files and its verify command, for a fingerprint.
func (p *Plan) set() []byte {
	type file struct {
		Dest     string
		Data     []byte
		Mode     uint32
		UID, GID int
		Removed  bool `json:",omitempty"`
	}
	all := struct {
		Verify job.Command
		Files  []file
	}{Verify: p.Job.Verify}
	for _, c := range p.Changes {
		all.Files = append(all.Files, file{c.Path, c.Data, uint32(c.Mode), c.UID, c.GID, c.Kind == job.Remove})
	}
	b, _ := json.Marshal(all) // of strings, bytes and numbers
	return b
}

// files returns the changed files, as the transaction takes them.
func (p *Plan) files() []txn.File {
	var fs []txn.File
	for _, c := range p.Changes {
		if c.Kind == job.Create || c.Kind == job.Update || c.Kind == job.Remove {
			fs = append(fs, c.Txn())
		}
	}
	return fs
}

// spec returns how to run one of the job's commands.
func (r *run) spec(p *Plan, c job.Command) hook.Spec {
	return hook.Spec{
		Command: c,
		Env:     r.environ(p.Job.Env, p.Job.Name, p.Changed()),
		Timeout: p.Job.CheckTimeout,
		Masker:  r.masker(),
	}
}

// environ returns the environment of a command. The token of the lock in it tells a
// render that the command starts that waiting for the lock would never end.
func (r *run) environ(env map[string]string, jobs string, changed []string) []string {
	list := hook.Environ(r.env.Home, env, jobs, changed)
	if r.lock != nil {
		list = append(list, LockEnv+"="+r.lock.Token())
	}
	if _, own := env[stateDirEnv]; !own && r.env.StateDirEnv != "" {
		list = append(list, stateDirEnv+"="+r.env.StateDirEnv)
	}
	return list
}
