// this_machine: an executor in Go. Its only resource is the machine that it runs on, with its uptime,
// load and memory; it tells them again every few seconds.
//
// The host calls the tables in plugin.c, which call the exported functions below; goWatch runs on a
// thread of the host until that call is cancelled. To follow a cloud of yours, begin at look().
package main

// #cgo pkg-config: perfectstorm
// #include <stdlib.h>
// #include "plugin.h"
import "C"

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"
)

const (
	secondsDefault = 5
	secondsMax     = 3600
)

// The code that C returns; what went wrong is told to the host before.
func fail(host *C.storm_host, call *C.storm_call, code C.storm_rc, layer C.uint32_t, message string) C.storm_rc {
	text := C.CString(message)
	defer C.free(unsafe.Pointer(text))
	return C.plugin_fail(host, call, code, layer, text)
}

// A panic must not unwind into C: it becomes a fault.
func recovered(host *C.storm_host, call *C.storm_call, rc *C.storm_rc) {
	if panicked := recover(); panicked != nil {
		*rc = fail(host, call, C.STORM_E_INTERNAL, C.STORM_LAYER_PLUGIN, fmt.Sprint("the plugin panicked: ", panicked))
	}
}

// `every` of the configuration, or a negative code.
//
//export goEvery
func goEvery(host *C.storm_host, call *C.storm_call, config C.storm_str) (every C.int64_t) {
	settings := map[string]interface{}{}
	if config.n > 0 {
		text := C.GoBytes(unsafe.Pointer(config.p), C.int(config.n))
		if json.Unmarshal(text, &settings) != nil || settings == nil {
			return C.int64_t(fail(host, call, C.STORM_E_INVALID, C.STORM_LAYER_CONFIG,
				"config must be a map, such as {every: 5}"))
		}
	}
	seconds := float64(secondsDefault)
	for name, value := range settings {
		number, isNumber := value.(float64)
		if name != "every" {
			return C.int64_t(fail(host, call, C.STORM_E_INVALID, C.STORM_LAYER_CONFIG,
				fmt.Sprintf("unknown setting %q; there is only \"every\"", name)))
		}
		if !isNumber || number != float64(int(number)) || number < 1 || number > secondsMax {
			return C.int64_t(fail(host, call, C.STORM_E_INVALID, C.STORM_LAYER_CONFIG,
				"\"every\" must be a whole number of seconds from 1 to 3600"))
		}
		seconds = number
	}
	return C.int64_t(seconds)
}

type snapshot struct {
	Host       string  `json:"host"`
	Uptime     uint64  `json:"uptime_s"`
	Load       float64 `json:"load"`
	Memory     uint64  `json:"memory_bytes"`
	MemoryFree uint64  `json:"memory_free_bytes"`
}

func firstWord(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	words := strings.Fields(string(text))
	if len(words) == 0 {
		return "", fmt.Errorf("%s is empty", path)
	}
	return words[0], nil
}

// The number behind "MemTotal:", in bytes.
func memory(lines string, name string) uint64 {
	for _, line := range strings.Split(lines, "\n") {
		words := strings.Fields(line)
		if len(words) > 1 && words[0] == name {
			kib, _ := strconv.ParseUint(words[1], 10, 64)
			return kib * 1024
		}
	}
	return 0
}

// The machine as it is now.
func look() (snapshot, error) {
	var now snapshot
	name, err := os.Hostname()
	if err != nil {
		return now, err
	}
	now.Host = strings.ToValidUTF8(name, "-")
	uptime, err := firstWord("/proc/uptime")
	if err != nil {
		return now, err
	}
	seconds, _ := strconv.ParseFloat(uptime, 64)
	now.Uptime = uint64(seconds)
	load, err := firstWord("/proc/loadavg")
	if err != nil {
		return now, err
	}
	now.Load, _ = strconv.ParseFloat(load, 64)
	lines, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return now, err
	}
	now.Memory = memory(string(lines), "MemTotal:")
	now.MemoryFree = memory(string(lines), "MemFree:")
	return now, nil
}

//export goWatch
func goWatch(inst *C.storm_inst, call *C.storm_call, scope C.storm_str, feed *C.storm_feed) (rc C.storm_rc) {
	defer recovered(inst.host, call, &rc)
	// The first batch is a full listing: what it does not have is gone.
	flags := C.uint32_t(C.STORM_B_SYNC_BEGIN | C.STORM_B_SYNC_END)
	epoch := C.uint64_t(C.plugin_mono_ns(inst))
	for {
		now, err := look()
		if err != nil {
			return fail(inst.host, call, C.STORM_E_UNAVAILABLE, C.STORM_LAYER_PROVIDER, err.Error())
		}
		if rc := publish(inst, call, feed, scope, flags, epoch, now); rc == C.STORM_E_CANCELLED || rc == C.STORM_E_FENCED {
			return C.STORM_OK
		} else if rc < 0 {
			return rc
		}
		flags = 0
		// Ends at once when the host cancels the call.
		if C.plugin_sleep(inst, call, inst.every) < 0 {
			return C.STORM_OK
		}
	}
}

func publish(inst *C.storm_inst, call *C.storm_call, feed *C.storm_feed, scope C.storm_str, flags C.uint32_t,
	epoch C.uint64_t, now snapshot) C.storm_rc {
	text, err := json.Marshal(now)
	if err != nil {
		return fail(inst.host, call, C.STORM_E_INTERNAL, C.STORM_LAYER_PLUGIN, err.Error())
	}
	name, body := C.CString(now.Host), C.CString(string(text))
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(body))
	return C.plugin_publish(inst, call, feed, scope, flags, epoch, name, body)
}

// Never called: the host calls what plugin.c exports.
func main() {}
