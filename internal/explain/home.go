package explain

// What can be wrong with a home: its files, its people, its data.
var _ = add(
	Entry{
		Code: "data_newer", Exit: ExitNotNow, Who: "it",
		Message: "This data was written by a newer version of Bonafide. It has not been touched.",
		Next:    "Install the version that wrote it, or a newer one.",
	},
	Entry{
		Code: "data_damaged", Exit: ExitNotNow, Who: "it",
		Message: "A file of this home is damaged, was changed by something else, or is not Bonafide's.",
		Next:    "Leave the files as they are, run `bonafide home check`, and bring back a backup.",
	},
	Entry{
		Code: "data_rolled_back", Exit: ExitNotNow, Who: "it",
		Message: "The network data of this home was replaced by an older copy than it had verified.",
		Next:    "Run `bonafide sync`, or import a newer pack, and find out who put the old file back.",
	},
	Entry{
		Code: "data_missing", Exit: ExitNotNow, Who: "it",
		Message: "A file that belongs to this home is gone.",
		Next:    "Bring the file back from a backup; nothing was put in its place.",
	},
	Entry{
		Code: "data_busy", Exit: ExitNotNow, Who: "you",
		Message: "Another Bonafide process is working on this data and did not finish in time.",
		Next:    "Wait for it to finish and try again.",
	},
	Entry{
		Code: "disk_full", Exit: ExitNotNow, Who: "it",
		Message: "There is no room left on the disk. Nothing was changed.",
		Next:    "Make room and try again.",
	},
	Entry{
		Code: "migration_failed", Exit: ExitInternal, Who: "it",
		Message: "The data could not be brought to this version's layout. A copy of it as it was is beside it.",
		Next:    "Go on with the version you had, and report this to the makers.",
	},
	Entry{
		Code: "key_missing", Exit: ExitNotNow, Who: "it",
		Message: "The private key that this needs is not in this home.",
		Next:    "Use the home that made the key, or bring it back from a backup.",
	},
	Entry{
		Code: "key_store_failed", Exit: ExitInternal, Who: "it",
		Message: "The key store failed in a way it should not. Nothing was signed.",
		Next:    "Run `bonafide home check` and report this to the makers.",
	},
	Entry{
		Code: "home_missing", Exit: ExitNotNow, Who: "you",
		Message: "There is no Bonafide home in this folder.",
		Next:    "Name the right folder with --home or BONAFIDE_HOME, or create a home with one of the init commands.",
	},
	Entry{
		Code: "home_exists", Exit: ExitRefused, Who: "you",
		Message: "The folder for the new home is not empty.",
		Next:    "Choose another folder; nothing was changed.",
	},
	Entry{
		Code: "home_open_to_others", Exit: ExitRefused, Who: "you",
		Message: "Other users of this computer may read a file or folder of this home.",
		Next:    "Take the permission away, on Unix with `chmod -R go= FOLDER`.",
	},
	Entry{
		Code: "file_unknown", Exit: ExitRefused, Who: "you",
		Message: "A file in this home is not one of Bonafide's.",
		Next:    "Move it elsewhere if you know it; otherwise ask who put it there.",
	},
	Entry{
		Code: "write_unfinished", Exit: ExitRefused, Who: "you",
		Message: "A file is left over from a write that was broken off; what it was to replace is whole.",
		Next:    "Remove it while no Bonafide process is running.",
	},
	Entry{
		Code: "home_locked", Exit: ExitNotNow, Who: "you",
		Message: "The home was locked while this was under way, so it was not done.",
		Next:    "Unlock the home and do it again.",
	},
	Entry{
		Code: "folder_unwritable", Exit: ExitNotNow, Who: "you",
		Message: "Nothing can be written into this folder.",
		Next:    "Choose a folder that is yours, or ask who looks after this computer for the right to write there.",
	},
	Entry{
		Code: "passphrase_wrong", Exit: ExitRefused, Who: "you",
		Message: "The passphrase does not open this home.",
		Next:    "Type it again; look at the keyboard layout and caps lock. Without it the data cannot be opened by anybody.",
	},
	Entry{
		Code: "passphrase_needed", Exit: ExitNotNow, Who: "you",
		Message: "This needs the passphrase of the home, and none was given.",
		Next:    "Run it at a terminal, or name a file with --passphrase-file or BONAFIDE_PASSPHRASE_FILE.",
	},
	Entry{
		Code: "passphrase_short", Exit: ExitRefused, Who: "you",
		Message: "The new passphrase is too short: it needs at least 8 characters.",
		Next:    "Choose several words that do not belong together.",
	},
	Entry{
		Code: "person_needed", Exit: ExitUsage, Who: "you",
		Message: "This home has several people, and it is not said who you are.",
		Next:    "Say it with --as NAME.",
	},
	Entry{
		Code: "person_unknown", Exit: ExitUsage, Who: "you",
		Message: "Nobody of that name belongs to this home.",
		Next:    "See the names with `bonafide home info`.",
	},
	Entry{
		Code: "person_exists", Exit: ExitRefused, Who: "you",
		Message: "Somebody of that name belongs to this home already.",
		Next:    "Choose another name.",
	},
	Entry{
		Code: "name_malformed", Exit: ExitUsage, Who: "you",
		Message: "That cannot be the name of a person here: 1 to 64 bytes that print, with no space at either end.",
		Next:    "Choose another name.",
	},
	Entry{
		Code: "sources_not_compared", Exit: ExitOK, Who: "nobody",
		Message: "This source was asked, but what it gave could not be compared with what another one gave.",
		Next:    "Sync again later; if it stays so, ask who runs the source.",
	},
	Entry{
		Code: "keyring_unavailable", Exit: ExitNotNow, Who: "it",
		Message: "The system's keyring does not answer, as on a computer without a desktop session.",
		Next:    "Go on with the passphrase; it works everywhere.",
	},
)

// Backups, and bringing them back.
var _ = add(
	Entry{
		Code: "backup_inside", Exit: ExitRefused, Who: "you",
		Message: "The backup would lie in the home that it is of, and be lost with it.",
		Next:    "Choose a place on another disk.",
	},
	Entry{
		Code: "backup_target", Exit: ExitRefused, Who: "you",
		Message: "In the place of the backup lies something that is no backup. It was left as it is.",
		Next:    "Choose another name.",
	},
	Entry{
		Code: "backup_unknown", Exit: ExitRefused, Who: "you",
		Message: "This file is no Bonafide backup.",
		Next:    "Look for the file that `bonafide home backup` wrote.",
	},
	Entry{
		Code: "backup_passphrase_wrong", Exit: ExitRefused, Who: "you",
		Message: "The passphrase does not open this backup, or the first bytes of the file are damaged.",
		Next:    "Type it again; it is the backup's own, which may be another than the home's. Then try another copy of the file.",
	},
	Entry{
		Code: "backup_damaged", Exit: ExitRefused, Who: "you",
		Message: "This backup is damaged or was cut short. Nothing was made of it.",
		Next:    "Try another copy of the file, or an older backup.",
	},
	Entry{
		Code: "backup_newer", Exit: ExitNotNow, Who: "you",
		Message: "This backup was written by a newer version of Bonafide. Nothing was made of it.",
		Next:    "Install the version that wrote it, or a newer one.",
	},
	Entry{
		Code: "node_running", Exit: ExitNotNow, Who: "you",
		Message: "The node of this home is running, and a chain can only be copied, or brought back, while nobody signs for it.",
		Next:    "Stop it (Ctrl-C where `bonafide ledger start` runs) and try again, or leave it out with --without-chain.",
	},
	Entry{
		Code: "restore_behind", Exit: ExitRefused, Who: "you",
		Message: "Others have seen more of this network than this copy of its only validator knows; going on from here would tell them two stories about the same blocks.",
		Next:    "Bring back a newer backup. If there is none, bring back everything else with --without-chain, and found a new network that hospitals pin anew.",
	},
	Entry{
		Code: "restore_other_network", Exit: ExitRefused, Who: "you",
		Message: "The pack is of another network than the backup, so it cannot tell how far that one was.",
		Next:    "Give a pack or a network file of the backup's own network.",
	},
	Entry{
		Code: "data_contradictory", Exit: ExitRefused, Who: "it",
		Message: "The database is readable, but what stands in it contradicts itself.",
		Next:    "Stop acting in this home, keep a copy of the folder, bring back a backup, and report this to the makers.",
	},
	Entry{
		Code: "validator_left_out", Exit: ExitOK, Who: "board",
		Message: "This board is one of several members: what its validator signed, its chain and its consensus key do not come back from a backup, because a copy that forgets what it signed can sign twice.",
		Next:    "After a restore run `bonafide ledger start`, which follows the others' chain, and then `bonafide ledger consensus-key`, which registers a new key on the ledger.",
	},
	Entry{
		Code: "chain_left_out", Exit: ExitOK, Who: "board",
		Message: "The node, its chain and its consensus key are not in it: what comes back is a board without a network of its own.",
		Next:    "For a backup with the chain stop the node and leave --without-chain away.",
	},
	Entry{
		Code: "wallet_moved", Exit: ExitOK, Who: "practitioner",
		Message: "The wallet's keys are in the backup, so its credentials go on working, in the old wallet as well as in a restored one.",
		Next:    "If the old device is not in your hands any more, ask each board for a new claim code: the second claim makes what the old device holds void.",
	},
	Entry{
		Code: "register_restored", Exit: ExitOK, Who: "board",
		Message: "The register does not know what was done after the backup was made; claim codes that were open then are closed, unfinished batches will be issued anew, and new status indexes come from a new page.",
		Next:    "Import the newest file, run `bonafide board audit`, and look after each batch that it lists as unknown.",
	},
)
