package app

import (
	"bonafide/app/model"
)

// wordsIn are the words of a language; "" is the system's.
func wordsIn(string) model.Words { return model.English() }
