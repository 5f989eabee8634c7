package templates

import (
	"testing"

	"bonafide/ledger"
)

// TestTheLedgerTakesThem holds that every shipped template can be registered.
func TestTheLedgerTakesThem(t *testing.T) {
	docs, err := Documents()
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for _, d := range docs {
		tpl, err := ledger.ParseTemplate(d)
		if err != nil {
			t.Fatal(err)
		}
		types[tpl.Type] = true
	}
	for _, want := range []string{"ProfessionalLicence", "BoardCertification", "TrainingCertification", "ControlledSubstanceRegistration"} {
		if !types[want] {
			t.Errorf("no template for %s", want)
		}
	}
	if len(docs) != 4 {
		t.Errorf("%d templates", len(docs))
	}
}
