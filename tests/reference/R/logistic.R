# Rscript logistic.R <inputs> <outputs>: reference values of glm, sandwich, brglm2, epiR; profiles and penalised profiles by root.
library(sandwich)
library(brglm2)
library(epiR)
library(Hmisc)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = gsub(",", ";", term), quantity = quantity,
                                            value = sprintf("%.17g", value))
}
tight <- glm.control(epsilon = 1e-15, maxit = 200)
logistic <- function(formula, data, weights = rep(1, nrow(data))) {
  data$case_weight <- weights
  environment(formula) <- environment()
  fit <- glm(formula, data = data, weights = case_weight, family = binomial, control = tight)
  # glm's covariance is that of the step before its last: start anew from its coefficients.
  glm(formula, data = data, weights = case_weight, family = binomial, control = tight, start = coef(fit))
}
changed <- function(fit, change) logistic(update(formula(fit), change), fit$data)
last <- function(fit) {  # covariance at the very coefficients
  x <- model.matrix(fit)
  w <- if (is.null(fit$prior.weights)) rep(1, nrow(x)) else fit$prior.weights
  p <- plogis(drop(x %*% coef(fit)))
  solve(crossprod(x, w * p * (1 - p) * x))
}
model <- function(name, fit) {
  note(name, names(coef(fit)), "coefficient", unname(coef(fit)))
  note(name, names(coef(fit)), "std_error", sqrt(diag(last(fit))))
  note(name, "model", "deviance", deviance(fit))
  note(name, "model", "aic", AIC(fit))
}
lrt <- function(name, term, full, reduced) {
  note(name, term, "likelihood_ratio", deviance(reduced) - deviance(full))
  note(name, term, "likelihood_ratio_p",
       pchisq(deviance(reduced) - deviance(full), length(coef(full)) - length(coef(reduced)), lower.tail = FALSE))
}
limits <- function(excess, best, error) {
  sapply(c(-1, 1), function(side) {
    ends <- sort(c(best, best + side * 6 * error))
    uniroot(excess, ends, tol = 1e-13, maxiter = 500, extendInt = "no")$root
  })
}
profile_root <- function(fit, column) {
  x <- model.matrix(fit)
  y <- fit$y
  excess <- function(value) {
    held <- glm.fit(x[, colnames(x) != column], y, offset = value * x[, column], family = binomial(), control = tight)
    held$deviance - deviance(fit) - qchisq(0.95, 1)
  }
  limits(excess, coef(fit)[[column]], sqrt(last(fit)[column, column]))
}

# Plain models, their profiles and tests.
rossi <- read("rossi")
fit <- logistic(arrest ~ fin + age + race + wexp + mar + paro + prio, rossi)
model("rossi", fit)
for (column in c("fin", "age", "prio")) note("rossi", column, c("profile_low", "profile_high"), profile_root(fit, column))
sink(nullfile()); approximate <- suppressMessages(MASS:::confint.glm(fit, "age")); sink()
note("rossi", "age", c("confint_low", "confint_high"), unname(approximate))
for (column in c("fin", "age")) lrt("rossi", column, fit, changed(fit, paste(". ~ . -", column)))
for (kind in c("HC0", "HC1", "HC3")) note("rossi", names(coef(fit)), tolower(kind), sqrt(diag(vcovHC(fit, type = kind))))
weighted <- suppressWarnings(logistic(arrest ~ fin + age + prio, rossi, weights = 1 + (rossi$age %% 5) / 2))
model("rossi_weighted", weighted)
note("rossi_weighted", names(coef(weighted)), "hc0", sqrt(diag(vcovHC(weighted, type = "HC0"))))

gbsg2 <- read("gbsg2")
gbsg2$tgrade <- factor(gbsg2$tgrade, levels = c("I", "II", "III"))
gbsg2$menostat <- factor(gbsg2$menostat, levels = c("Pre", "Post"))
gbsg2$horTh <- factor(gbsg2$horTh, levels = c("no", "yes"))
fit <- logistic(cens ~ horTh + tgrade + menostat + pnodes + age, gbsg2)
model("gbsg2", fit)
lrt("gbsg2", "tgrade", fit, changed(fit, . ~ . - tgrade))

# Interaction with a skewed modifier: linear, log1p, spline.
stroke <- read("stroke")
z <- qnorm(0.975)
delta <- function(name, term, value, gradient, covariance) {
  note(name, term, c("estimate", "std_error"), c(value, sqrt(drop(gradient %*% covariance %*% gradient))))
}
risks <- function(name, fit, label, set) {
  v <- last(fit)
  parts <- lapply(0:1, function(arm) {
    x <- model.matrix(delete.response(terms(fit)), transform(set, aspirin = arm), xlev = fit$xlevels)
    p <- plogis(drop(x %*% coef(fit)))
    list(risk = mean(p), gradient = colMeans(p * (1 - p) * x))
  })
  delta(name, paste0("risk0", label), parts[[1]]$risk, parts[[1]]$gradient, v)
  delta(name, paste0("risk1", label), parts[[2]]$risk, parts[[2]]$gradient, v)
  delta(name, paste0("risk_difference", label), parts[[2]]$risk - parts[[1]]$risk,
        parts[[2]]$gradient - parts[[1]]$gradient, v)
  delta(name, paste0("log_risk_ratio", label), log(parts[[2]]$risk / parts[[1]]$risk),
        parts[[2]]$gradient / parts[[2]]$risk - parts[[1]]$gradient / parts[[1]]$risk, v)
}
interaction <- function(name, formula, product, transform_by, at = c(2, 10, 30)) {
  fit <- logistic(formula, stroke)
  model(name, fit)
  v <- last(fit)
  place <- c(match("aspirin", names(coef(fit))), match(product, names(coef(fit))))
  lrt(name, "interaction", fit, logistic(update(formula, paste(". ~ . -", product)), stroke))
  for (value in at) {
    factors <- c(1, transform_by(value))
    estimate <- sum(factors * coef(fit)[place])
    error <- sqrt(drop(factors %*% v[place, place] %*% factors))
    note(name, paste("at", value), c("log_odds_ratio", "std_error", "low", "high"),
         c(estimate, error, estimate - z * error, estimate + z * error))
    risks(name, fit, paste("", value), transform(stroke, volume = value))
  }
  risks(name, fit, "", stroke)
  b <- coef(fit)[place]
  square <- b[2]^2 - z^2 * v[place[2], place[2]]
  cross <- 2 * (b[1] * b[2] - z^2 * v[place[1], place[2]])
  constant <- b[1]^2 - z^2 * v[place[1], place[1]]
  roots <- sort((-cross + c(-1, 1) * sqrt(cross^2 - 4 * square * constant)) / (2 * square))
  note(name, c("bound 1", "bound 2"), "johnson_neyman", unname(roots))
  fit
}
fit <- interaction("stroke_linear", recurrence ~ aspirin + age + severe + volume + aspirin:volume, "aspirin:volume", identity)
note("stroke_linear", "aspirin:volume", c("profile_low", "profile_high"), profile_root(fit, "aspirin:volume"))
note("stroke_linear", names(coef(fit)), "hc3", sqrt(diag(vcovHC(fit, type = "HC3"))))
note("stroke_linear", names(coef(fit)), "cluster", sqrt(diag(vcovCL(fit, cluster = stroke$site))))
largest <- order(-stroke$volume)[1:3]
for (rank in 1:3) {
  again <- logistic(formula(fit), stroke[-largest[rank], ])
  note("stroke_linear", paste("rank", rank), c("dfbeta_aspirin", "dfbeta_product"),
       unname((coef(fit) - coef(again))[c("aspirin", "aspirin:volume")]))
}
again <- logistic(formula(fit), stroke[-largest, ])
note("stroke_linear", "without 3", c("coefficient", "std_error"),
     c(coef(again)[["aspirin:volume"]], sqrt(last(again)["aspirin:volume", "aspirin:volume"])))
invisible(interaction("stroke_log1p", recurrence ~ aspirin + age + severe + log1p(volume) + aspirin:log1p(volume),
                      "aspirin:log1p(volume)", log1p))

knots <- unname(quantile(stroke$volume, c(0.1, 0.5, 0.9)))
basis <- function(value) matrix(rcspline.eval(value, knots = knots, norm = 2, inclx = TRUE), ncol = 2)
stroke$line <- basis(stroke$volume)[, 1]
stroke$bend <- basis(stroke$volume)[, 2]
fit <- logistic(recurrence ~ aspirin + age + line + bend + aspirin:line + aspirin:bend, stroke)
model("stroke_spline", fit)
lrt("stroke_spline", "interaction", fit, logistic(recurrence ~ aspirin + age + line + bend, stroke))
lrt("stroke_spline", "nonlinearity", fit, changed(fit, . ~ . - aspirin:bend))
lrt("stroke_spline", "volume", fit, logistic(recurrence ~ aspirin + age, stroke))
for (value in c(2, 10, 30)) {
  factors <- c(0, 1, 0, 0, 0, basis(value))
  note("stroke_spline", paste("at", value), c("log_odds_ratio", "std_error"),
       c(sum(factors * coef(fit)), sqrt(drop(factors %*% last(fit) %*% factors))))
}

# Subgroups: tertiles of the modifier.
cuts <- quantile(stroke$volume, c(1, 2) / 3)
stroke$group <- cut(stroke$volume, c(-Inf, cuts, Inf), labels = c("1", "2", "3"))
effects <- sapply(c("1", "2", "3"), function(group) {
  fit <- logistic(recurrence ~ aspirin + age + severe, stroke[stroke$group == group, ])
  c(coef(fit)[["aspirin"]], sqrt(last(fit)["aspirin", "aspirin"]))
})
note("stroke_groups", c("1", "2", "3"), "log_odds_ratio", effects[1, ])
note("stroke_groups", c("1", "2", "3"), "std_error", effects[2, ])
note("stroke_groups", c("1", "2", "3"), "n", as.vector(table(stroke$group)))
mean_effect <- weighted.mean(effects[1, ], effects[2, ]^-2)
note("stroke_groups", "model", "q", sum((effects[1, ] - mean_effect)^2 / effects[2, ]^2))
lrt("stroke_groups", "model", logistic(recurrence ~ aspirin * group + age + severe, stroke),
    logistic(recurrence ~ aspirin + group + age + severe, stroke))

# Two binary factors: additive interaction.
both <- logistic(recurrence ~ aspirin * severe, stroke)
measures <- epi.interaction(both, coef = c(2, 3, 4), param = "product", conf.level = 0.95)
measures <- measures[c("reri", "apab", "s")]
note("stroke_additive", names(measures), "estimate", sapply(measures, function(part) part$est))
note("stroke_additive", names(measures), "low", sapply(measures, function(part) part$lower))
note("stroke_additive", names(measures), "high", sapply(measures, function(part) part$upper))

# Firth: brglm2's points; penalised profile limits and tests as logistf, maximised here by Newton's method on
# loglik + log|I| / 2, with the score of Heinze and Schemper.
penalised <- function(x, y, held = integer(0), at = numeric(0), start = rep(0, ncol(x))) {
  beta <- start
  beta[held] <- at
  free <- setdiff(seq_len(ncol(x)), held)
  for (turn in 1:2000) {
    p <- plogis(drop(x %*% beta))
    w <- p * (1 - p)
    information <- crossprod(x, w * x)
    h <- w * rowSums((x %*% solve(information)) * x)
    score <- crossprod(x, y - p + h * (0.5 - p))
    step <- drop(solve(information[free, free, drop = FALSE], score[free]))
    step <- step * min(1, 2 / max(abs(step)))
    beta[free] <- beta[free] + step
    if (max(abs(step)) < 1e-13) break
  }
  p <- plogis(drop(x %*% beta))
  list(beta = beta, value = sum(ifelse(y == 1, log(p), log1p(-p))) +
         as.numeric(determinant(crossprod(x, p * (1 - p) * x))$modulus) / 2)
}
firth <- function(name, formula, data, columns) {
  points <- glm(formula, data = data, family = binomial, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 5000)
  x <- model.matrix(points)
  y <- points$y
  full <- penalised(x, y)
  note(name, names(coef(points)), "coefficient", unname(coef(points)))
  note(name, names(coef(points)), "std_error", unname(sqrt(diag(vcov(points)))))
  for (column in columns) {
    place <- match(column, colnames(x))
    excess <- function(value) 2 * (full$value - penalised(x, y, place, value, full$beta)$value) - qchisq(0.95, 1)
    error <- sqrt(diag(vcov(points)))[[column]]
    ends <- sapply(c(-1, 1), function(side) {
      far <- 1
      while (excess(full$beta[place] + side * far * error) < 0) far <- far + 1
      uniroot(excess, sort(full$beta[place] + side * c(far - 1, far) * error), tol = 1e-13)$root
    })
    note(name, column, c("low", "high"), ends)
    test <- 2 * (full$value - penalised(x, y, place, 0)$value)
    note(name, column, c("likelihood_ratio", "p"), c(test, pchisq(test, 1, lower.tail = FALSE)))
  }
}
firth("stroke_firth", recurrence ~ aspirin + volume + severe + aspirin:volume, stroke,
      c("aspirin", "volume", "severe", "aspirin:volume"))
separated <- stroke[1:60, ]
separated$marked <- as.integer(separated$recurrence == 1 | separated$volume > 12)
firth("separated_firth", recurrence ~ marked + age, separated, c("marked", "age"))
write.csv(do.call(rbind, found), file.path(folders[2], "logistic.csv"), row.names = FALSE, quote = FALSE)
