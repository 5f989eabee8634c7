package main

var stories = []story{}
