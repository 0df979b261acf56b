module this_machine

go 1.19
