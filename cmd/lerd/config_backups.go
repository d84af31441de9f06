package main

import (
	"context"
	"time"

	"lerd/internal/access"
	"lerd/internal/backup"
)

// backupsConfig says where the keys of backups lie, and how long each lasts.
type backupsConfig struct {
	Keys string `yaml:"keys" env:"LERD_BACKUPS_KEYS"` // a folder apart from the backups and from the data
	Days int    `yaml:"days"`                         // 0: backup.MaxDays
}

func (b backupsConfig) check(dir string, fail func(field, format string, args ...any)) {
	if b.Days < 0 || b.Days > backup.MaxDays {
		fail("backups.days", "give 1 to %d days, or leave it out for %d", backup.MaxDays, backup.MaxDays)
	}
	if b.Keys != "" && backup.Apart(b.Keys, dir) != nil {
		fail("backups.keys", "name a folder that lies apart from the data folder: who has both can open every backup")
	}
}

func (b backupsConfig) lasting() int {
	if b.Days == 0 {
		return backup.MaxDays
	}
	return b.Days
}

// backups gives the service of a configured lerd.
func (c config) backups(s backup.Committer, rules access.Allower, now func() time.Time) *backup.Service {
	return &backup.Service{Store: s, Access: rules, Keys: backup.Keyring{Dir: c.Backups.Keys}, Now: now}
}

// endBackups lets one process end the keys of backups whose time has come.
func (s *system) endBackups(ctx context.Context) (int, error) {
	if s.cfg.Backups.Keys == "" {
		return 0, nil
	}
	return s.alone(ctx, "backups", s.cfg.backups(s.store, s.rules, s.now).RunOnce)
}
