package awsconfig

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/credrender/credrender/pkg/source"
)

// ErrRegion: what should be a region is not the name of one. A region is part of
// the host that requests are signed for and sent to: with "evil.com/#" that would
// be evil.com's.
var ErrRegion = errors.New("invalid AWS region")

// CheckRegion refuses text that cannot be the name of a region. Whether there is
// such a region is for its host to tell: new ones come every year.
func CheckRegion(region string) error {
	if isRegion(region) {
		return nil
	}
	return fmt.Errorf("%w: %s: a region has lower-case letters, digits and hyphens, such as eu-west-1", ErrRegion, source.Show(region))
}

// isRegion reports whether text is one label of a host name, in lower case.
func isRegion(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return len(s) > 0 && len(s) <= 63 && strings.Trim(s, letters+"-") == "" &&
		strings.Trim(s[:1], letters) == "" && strings.Trim(s[len(s)-1:], letters) == ""
}

// checkRegions looks at the regions of the settings, and of the profile's SSO.
func checkRegions(o Options, cfg aws.Config) error {
	all := []string{o.Region, o.KMSRegion, o.DefaultRegion, cfg.Region}
	for _, src := range cfg.ConfigSources {
		shared, ok := src.(config.SharedConfig)
		for p := &shared; ok && p != nil; p = p.Source { // of the profiles that it builds on too
			all = append(all, p.Region, p.SSORegion)
			if p.SSOSession != nil {
				all = append(all, p.SSOSession.SSORegion)
			}
		}
	}
	for _, region := range all {
		if region == "" {
			continue
		}
		if err := CheckRegion(region); err != nil {
			return err
		}
	}
	return nil
}
